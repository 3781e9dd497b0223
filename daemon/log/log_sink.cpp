// SPDX-License-Identifier: MIT
#include "daemon/log/log_sink.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/uio.h>
#define SD_JOURNAL_SUPPRESS_LOCATION  // all records come from one line of this file
#include <systemd/sd-journal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <vector>

namespace reactord {

namespace {

/// True when stderr is the stream that systemd connected to the journal:
/// JOURNAL_STREAM=device:inode (systemd.exec(5)). Comparing them tells a redirected stderr from the
/// journal's.
bool is_stderr_the_journal() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat status {};
  if (stream == nullptr || ::fstat(STDERR_FILENO, &status) != 0) return false;
  return fmt::format("{}:{}", status.st_dev, status.st_ino) == stream;
}

/// Where sd_journal_sendv(3) sends to; a service with a root of its own may not have it.
bool is_journal_in_reach() {
  return ::access("/run/systemd/journal/socket", W_OK) == 0;
}

/// syslog(3) levels, which the journal reads from a "<N>" prefix (sd-daemon(3)).
int journal_priority(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::critical:
      return 2;
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
    case spdlog::level::critical:
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
  const auto name = spdlog::level::to_string_view(level);
  return {name.data(), name.size()};
}

std::string cannot_write(const std::string& target, int error) {
  const char* advice = "";
  if (error == ENOENT) advice = "; create its folder, or choose another log.target";
  if (error == EACCES || error == EROFS)
    advice = "; choose a log.target that the daemon's user may write";
  return fmt::format("cannot write the log {}: {}{}", target, std::strerror(error), advice);
}

}  // namespace

LogSink::LogSink(const std::string& target)
    : target_(open_target(target)), wants_fields_(target_.style == Style::journal_fields) {}

LogSink::Target LogSink::open_target(const std::string& target) {
  if (target == "stderr") {
    if (is_stderr_the_journal())
      return {UniqueFd(), is_journal_in_reach() ? Style::journal_fields : Style::journal_lines};
    const bool coloured = ::isatty(STDERR_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
    return {UniqueFd(), coloured ? Style::coloured : Style::plain};
  }
  // Readable by the owner and the group of the logs (adm, as a rule), not by everyone: messages of
  // clients are in it. Non-blocking, because opening a FIFO would wait for its reader, in the loop.
  UniqueFd file(::open(target.c_str(),
                       O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640));
  if (!file) throw std::runtime_error(cannot_write(target, errno));
  return {std::move(file), Style::plain};
}

std::string LogSink::retarget(const std::string& target) {
  try {
    auto opened = std::make_unique<Target>(open_target(target));
    wants_fields_ = opened->style == Style::journal_fields;
    const std::lock_guard lock(next_mutex_);
    next_ = std::move(opened);
    return {};
  } catch (const std::runtime_error& problem) {
    return problem.what();
  }
}

void LogSink::change_over() {
  const std::lock_guard lock(next_mutex_);
  if (next_) target_ = std::move(*next_);
  next_.reset();
}

void LogSink::sink_it_(const spdlog::details::log_msg& record) {
  is_writing_ = true;
  change_over();
  const std::string_view whole(record.payload.data(), record.payload.size());
  const std::string_view text = whole.substr(0, whole.find('\n'));
  switch (target_.style) {
    case Style::journal_fields:
      write_fields(journal_priority(record.level), whole);
      break;
    case Style::journal_lines:
      write_line(fmt::format("<{}>{}\n", journal_priority(record.level), text));
      break;
    case Style::coloured:
      write_line(fmt::format("{} {}{:<7}\033[0m {}\n", time_text(record.time),
                             colour_of(record.level), level_text(record.level), text));
      break;
    case Style::plain:
      write_line(
          fmt::format("{} {:<7} {}\n", time_text(record.time), level_text(record.level), text));
      break;
  }
  is_writing_ = false;
}

/// The record's first line is the MESSAGE, each other one a field.
void LogSink::write_fields(int priority, std::string_view record) {
  const std::string lines = fmt::format("PRIORITY={}\nMESSAGE={}", priority, record);
  std::vector<iovec> fields;
  for (std::size_t begin = 0; begin < lines.size();) {
    const std::size_t end = std::min(lines.find('\n', begin), lines.size());
    fields.push_back({const_cast<char*>(lines.data() + begin), end - begin});
    begin = end + 1;
  }
  if (::sd_journal_sendv(fields.data(), static_cast<int>(fields.size())) < 0) ++failed_writes_;
}

/// A disk that is full, a pipe that is closed: the record is lost and counted, and nothing else
/// happens.
void LogSink::write_line(const std::string& line) {
  const int fd = target_.file ? target_.file.get() : STDERR_FILENO;
  std::size_t written = 0;
  while (written < line.size()) {
    const ssize_t n = ::write(fd, line.data() + written, line.size() - written);
    if (n > 0) {
      written += static_cast<std::size_t>(n);
    } else if (errno ==
               EAGAIN) {  // somebody else made stderr non-blocking: wait here, not in the loop
      pollfd writable{fd, POLLOUT, 0};
      (void)::poll(&writable, 1, -1);
    } else if (errno != EINTR) {
      ++failed_writes_;
      return;
    }
  }
}

}  // namespace reactord
