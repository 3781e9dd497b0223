// SPDX-License-Identifier: MIT
#include "daemon/log/log_sink.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#define SD_JOURNAL_SUPPRESS_LOCATION  // all records come from one line of this file
#include <systemd/sd-journal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include "daemon/console/standard_descriptors.h"
#include "daemon/console/terminal.h"
#include "daemon/log/record_format.h"

namespace reactord {

namespace {

/// Where sd_journal_sendv(3) sends to; a service with a root of its own may not have it.
bool is_journal_in_reach() {
  return ::access("/run/systemd/journal/socket", W_OK) == 0;
}

/// syslog(3) levels, which the journal reads from a "<N>" prefix (sd-daemon(3)).
int journal_priority(spdlog::level::level_enum level) {
  switch (level) {
    case LogSink::kAlsoToStderr:
    case spdlog::level::err:
      return 3;
    case spdlog::level::warn:
      return 4;
    case spdlog::level::info:
      return 6;
    default:
      return 7;
  }
}

const char* colour_of(spdlog::level::level_enum level) {
  switch (level) {
    case LogSink::kAlsoToStderr:
    case spdlog::level::err:
      return "\033[31m";
    case spdlog::level::warn:
      return "\033[33m";
    case spdlog::level::info:
      return "\033[32m";
    default:
      return "\033[2m";
  }
}

std::string time_text(spdlog::log_clock::time_point time) {
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count() % 1000;
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(spdlog::log_clock::to_time_t(time)),
                     milliseconds);
}

std::string_view level_text(spdlog::level::level_enum level) {
  const auto name =
      spdlog::level::to_string_view(level == LogSink::kAlsoToStderr ? spdlog::level::err : level);
  return {name.data(), name.size()};
}

/// True as long as it lives.
class Writing {
 public:
  explicit Writing(std::atomic<bool>& flag) : flag_(flag) { flag_ = true; }
  Writing(const Writing&) = delete;
  Writing& operator=(const Writing&) = delete;
  ~Writing() { flag_ = false; }

 private:
  std::atomic<bool>& flag_;
};

std::string cannot_write(const std::string& target, int error) {
  const char* advice = "";
  if (error == ENOENT) advice = "; create its folder, or choose another log.target";
  if (error == EISDIR) advice = "; name a file in it";
  if (error == EACCES || error == EROFS)
    advice = "; choose a log.target that the daemon's user may write";
  return fmt::format("cannot write the log {}: {}{}", target, std::strerror(error), advice);
}

/// Readable by the owner and the group of the logs (adm, as a rule), not by everyone: messages of
/// clients are in it. Non-blocking, because opening a FIFO would wait for its reader, in the loop.
UniqueFd open_for_appending(const std::string& target, int more_flags) {
  constexpr int kFlags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  int fd = -1;
  do {
    fd = ::open(target.c_str(), kFlags | more_flags, 0640);
  } while (fd < 0 && errno == EINTR);
  return UniqueFd(fd);
}

}  // namespace

LogSink::LogSink(const std::string& target, LogFormat format)
    : target_(open_target(target, format)),
      stderr_(open_stderr(format)),
      next_is_there_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      wants_fields_(wants_fields(target_) || wants_fields(stderr_)) {
  if (!next_is_there_)
    throw std::system_error(errno, std::system_category(), "cannot make an eventfd for the log");
}

std::string LogSink::problem_with(const std::string& target) {
  if (target == "stderr") return {};
  const UniqueFd file = open_for_appending(target, 0);
  if (file) return {};
  if (errno != ENOENT) return cannot_write(target, errno);
  const std::string folder = target.substr(0, target.rfind('/') + 1);
  return ::access(folder.c_str(), W_OK | X_OK) == 0 ? "" : cannot_write(target, errno);
}

bool LogSink::wants_fields(const Target& target) {
  return target.style == Style::journal_fields || target.format != LogFormat::text;
}

/// Colours are for people: what programs read has none.
LogSink::Target LogSink::open_stderr(LogFormat format) {
  Style style = Style::plain;
  if (is_stderr_the_journal())
    style = is_journal_in_reach() ? Style::journal_fields : Style::journal_lines;
  else if (format == LogFormat::text && shows_colours(STDERR_FILENO))
    style = Style::coloured;
  return {UniqueFd(), style, format};
}

LogSink::Target LogSink::open_target(const std::string& target, LogFormat format) {
  if (target == "stderr") return open_stderr(format);
  UniqueFd file = open_for_appending(target, O_CREAT);
  if (!file) throw std::runtime_error(cannot_write(target, errno));
  return {std::move(file), Style::plain, format, target};
}

std::string LogSink::retarget(const std::string& target, LogFormat format) {
  try {
    auto opened =
        std::make_unique<Targets>(Targets{open_target(target, format), open_stderr(format)});
    wants_fields_ = wants_fields(opened->target) || wants_fields(opened->on_stderr);
    const std::lock_guard lock(next_mutex_);
    next_ = std::move(opened);
    (void)::eventfd_write(next_is_there_.get(), 1);
    return {};
  } catch (const std::runtime_error& problem) {
    return problem.what();
  }
}

void LogSink::change_over() {
  const std::lock_guard lock(next_mutex_);
  if (next_) {
    target_ = std::move(next_->target);
    stderr_ = std::move(next_->on_stderr);
  }
  next_.reset();
  eventfd_t count = 0;
  (void)::eventfd_read(next_is_there_.get(), &count);
}

void LogSink::sink_it_(const spdlog::details::log_msg& record) {
  const Writing writing(is_writing_);  // spdlog reports what is thrown, for want of memory
  Written written = Written::superseded;
  while (written == Written::superseded) {
    change_over();
    written = write(target_, record, Patience::wait);
  }
  if (written == Written::failed)
    note_failure(errno);
  else
    note_success();
  if (target_.file && record.level == kAlsoToStderr)
    (void)write(stderr_, record, Patience::do_not_wait);
}

LogSink::Written LogSink::write(Target& target, const spdlog::details::log_msg& record,
                                Patience patience) {
  const std::string_view whole(record.payload.data(), record.payload.size());
  if (target.style == Style::journal_fields)
    return write_fields(journal_priority(record.level), whole);
  return write_line(target, line_of(target, record), patience);
}

std::string LogSink::line_of(const Target& target, const spdlog::details::log_msg& record) {
  const std::string time = time_text(record.time);
  const LogRecord parts{
      time, level_text(record.level), {record.payload.data(), record.payload.size()}};
  switch (target.style) {
    case Style::journal_lines: {  // the journal has a time and a level of its own
      const int priority = journal_priority(record.level);
      if (target.format == LogFormat::text) return fmt::format("<{}>{}\n", priority, parts.text());
      return fmt::format("<{}>{}", priority, format_record(target.format, parts));
    }
    case Style::coloured:
      return fmt::format("{} {}{:<7}\033[0m {}\n", parts.time, colour_of(record.level), parts.level,
                         parts.text());
    case Style::journal_fields:
    case Style::plain:
      break;
  }
  return format_record(target.format, parts);
}

/// The record's first line is the MESSAGE, each other one a field.
LogSink::Written LogSink::write_fields(int priority, std::string_view record) {
  const std::string lines = fmt::format("PRIORITY={}\nMESSAGE={}", priority, record);
  std::vector<iovec> fields;
  for (std::size_t begin = 0; begin < lines.size();) {
    const std::size_t end = std::min(lines.find('\n', begin), lines.size());
    fields.push_back({const_cast<char*>(lines.data() + begin), end - begin});
    begin = end + 1;
  }
  const int result = ::sd_journal_sendv(fields.data(), static_cast<int>(fields.size()));
  if (result < 0) errno = -result;
  return result < 0 ? Written::failed : Written::whole;
}

/// A disk that is full, a pipe that is closed: the record is lost, and nothing else happens.
LogSink::Written LogSink::write_line(Target& target, std::string line, Patience patience) {
  if (std::exchange(target.is_line_cut, false)) line.insert(0, 1, '\n');
  const int fd = target.file ? target.file.get() : STDERR_FILENO;
  std::size_t written = 0;
  while (written < line.size()) {
    if (!wait_until_writable(fd, patience)) {
      target.is_line_cut = written > 0;
      return Written::superseded;
    }
    // No more than a pipe takes at once when it takes anything: stderr may be one that blocks.
    const std::size_t wanted = std::min<std::size_t>(line.size() - written, PIPE_BUF);
    const ssize_t n = ::write(fd, line.data() + written, wanted);
    if (n > 0) {
      written += static_cast<std::size_t>(n);
    } else if (errno != EAGAIN && errno != EINTR) {
      target.is_line_cut = written > 0;
      return Written::failed;
    }
  }
  return Written::whole;
}

/// Waits here, not in the loop. False if there is a new target first, or where nobody waits.
bool LogSink::wait_until_writable(int fd, Patience patience) {
  std::array<pollfd, 2> either{{{fd, POLLOUT, 0}, {next_is_there_.get(), POLLIN, 0}}};
  while (::poll(either.data(), either.size(), patience == Patience::wait ? -1 : 0) < 0)
    if (errno != EINTR) return true;  // write(2) will tell
  return either[0].revents != 0;
}

void LogSink::note_failure(int error) {
  ++failed_writes_;
  if (!target_.file || ++lost_ > 1) return;
  ++outages_;
  tell(stderr_, Event::log_unwritable,
       {{"target", target_.name}, {"problem", std::strerror(error)}});
}

void LogSink::note_success() {
  if (lost_ == 0) return;
  const std::string lost = std::to_string(std::exchange(lost_, 0));
  ++recoveries_;
  const EventFields fields = {{"target", target_.name}, {"lost", lost}};
  tell(stderr_, Event::log_writable, fields);
  if (target_.file) tell(target_, Event::log_writable, fields);
}

/// A record of the log's own.
void LogSink::tell(Target& target, Event event, EventFields fields) {
  const std::string text = event_text(event, fields) + '\n' + event_fields(event, fields);
  const auto level =
      spec_of(event).level == LogLevel::error ? spdlog::level::err : spdlog::level::warn;
  const spdlog::details::log_msg record("reactord", level, text);
  (void)write(target, record, Patience::do_not_wait);
}

}  // namespace reactord
