// SPDX-License-Identifier: MIT
#include "daemon/log/event_log.h"

#include <fmt/format.h>
#include <spdlog/async.h>
#include <spdlog/async_logger.h>

#include <thread>
#include <utility>

#include "daemon/log/log_sink.h"
#include "daemon/reactor/out_of_memory.h"

namespace reactord {

namespace {

/// Records that may wait for the writing thread. Small, because each slot holds a buffer (some 400
/// bytes); a burst of more than this is dropped and counted rather than waited for.
constexpr std::size_t kQueuedRecords = 512;
/// How long stopping waits for a slow sink.
constexpr auto kLastWritesTime = std::chrono::milliseconds(500);
/// In which records of an event that comes often are counted.
constexpr auto kRateInterval = std::chrono::seconds(1);

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::trace:
      return spdlog::level::trace;
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
    case LogLevel::off:
      return spdlog::level::off;
  }
  return spdlog::level::off;
}

std::int64_t milliseconds_since_1970() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

/// Records of one kind in a second.
int most_a_second(Repeats repeats) {
  // Enough to read what handlers say of single requests, and some 40 KB a second at most, whatever
  // clients send.
  constexpr int kMostOfHandlers = 100;
  return repeats == Repeats::often ? 1 : kMostOfHandlers;
}

/// Whoever looks at stderr learns of these also where the log is a file: why the daemon did not
/// start, and why it did not do as it was told, which the file may be the reason of.
bool is_for_stderr(Event event) {
  return event == Event::start_failed || event == Event::config_problem ||
         event == Event::reload_failed;
}

}  // namespace

/// The queue and the thread behind it.
class EventLog::Writer {
 public:
  Writer(const std::string& target, LogFormat format)
      : sink_(std::make_shared<LogSink>(target, format)),
        pool_(make_pool()),
        logger_(std::make_shared<spdlog::async_logger>(
            "reactord", sink_, pool_, spdlog::async_overflow_policy::overrun_oldest)) {
    logger_->set_level(spdlog::level::trace);
  }

  void write(LogLevel level, const std::string& text) { logger_->log(spdlog_level(level), text); }
  void write_also_to_stderr(const std::string& text) { logger_->log(LogSink::kAlsoToStderr, text); }
  [[nodiscard]] const LogSink& sink() const { return *sink_; }
  [[nodiscard]] bool wants_fields() const { return sink_->wants_fields(); }

  [[nodiscard]] std::uint64_t dropped() const {
    return pool_->overrun_counter() + sink_->failed_writes();
  }

  [[nodiscard]] std::string retarget(const std::string& target, LogFormat format) {
    return sink_->retarget(target, format);
  }

  /// False if the sink blocks: then the thread behind it cannot be joined.
  [[nodiscard]] bool drain() {
    const auto deadline = std::chrono::steady_clock::now() + kLastWritesTime;
    while (pool_->queue_size() > 0 || sink_->is_writing()) {
      if (std::chrono::steady_clock::now() >= deadline) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
  }

 private:
  static std::shared_ptr<spdlog::details::thread_pool> make_pool() {
    try {
      return std::make_shared<spdlog::details::thread_pool>(kQueuedRecords, 1);
    } catch (const std::exception& error) {
      throw std::runtime_error(fmt::format(
          "cannot start the thread that writes the log: {}; raise the number of "
          "processes (ulimit -u, LimitNPROC=, TasksMax=) or the memory that it may have",
          error.what()));
    }
  }

  std::shared_ptr<LogSink> sink_;
  std::shared_ptr<spdlog::details::thread_pool> pool_;
  std::shared_ptr<spdlog::async_logger> logger_;
};

EventLog::EventLog(const Clock& clock, const LogSettings& settings)
    : clock_(clock),
      level_(settings.level),
      target_(settings.target),
      format_(settings.format),
      writer_(std::make_unique<Writer>(settings.target, settings.format)) {
  if (const std::string problem = levels_.set(settings.levels); !problem.empty())
    throw std::runtime_error(problem);
  if (const std::string problem = open_access(settings); !problem.empty())
    throw std::runtime_error(problem);
}

EventLog::~EventLog() {
  for (Rate& rate : rates_) rate.since = clock_.now() - kRateInterval;  // no burst goes on
  tell_left_out();
  // A thread that hangs in write(2) cannot be joined: it is left behind, and the process is about
  // to end.
  [[maybe_unused]] static std::array<Writer* volatile, 2> left_behind{};
  if (!writer_->drain()) left_behind[0] = writer_.release();
  if (access_writer_ && !access_writer_->drain()) left_behind[1] = access_writer_.release();
}

void EventLog::log(Event event, EventFields fields) noexcept {
  if (is_suppressed(event)) return;
  if (!has_memory_for([&] { write(event, fields); })) ++lost_;
}

void EventLog::write(Event event, EventFields fields) {
  std::string text = event_text(event, fields);
  std::uint64_t& left_out = rates_[static_cast<std::size_t>(event)].left_out;
  if (left_out > 0) text += fmt::format(" ({} more like this before)", left_out);
  left_out = 0;
  recent_.note(milliseconds_since_1970(), event, text, fields);
  if (writer_->wants_fields()) text += '\n' + event_fields(event, fields);
  if (is_for_stderr(event)) return writer_->write_also_to_stderr(text);
  writer_->write(levels_.of(event), text);
}

bool EventLog::is_suppressed(Event event) {
  const Repeats repeats = spec_of(event).repeats;
  if (repeats == Repeats::seldom) return false;
  Rate& rate = rates_[static_cast<std::size_t>(event)];
  const TimePoint now = clock_.now();
  if (rate.since == TimePoint{} || now - rate.since >= kRateInterval) {
    rate.since = now;
    rate.logged = 0;
  }
  if (++rate.logged <= most_a_second(repeats)) return false;
  ++rate.left_out;
  has_left_out_ = true;
  return true;
}

void EventLog::tell_left_out() noexcept {
  has_left_out_ = false;
  const TimePoint now = clock_.now();
  for (std::size_t i = 0; i < rates_.size(); ++i) {
    Rate& rate = rates_[i];
    if (rate.left_out == 0) continue;
    if (now - rate.since < kRateInterval)
      has_left_out_ = true;
    else if (!has_memory_for([&] { tell_left_out(static_cast<Event>(i), rate); }))
      ++lost_;
  }
}

/// At the level of what it tells of.
void EventLog::tell_left_out(Event event, Rate& rate) {
  const std::string count = std::to_string(std::exchange(rate.left_out, 0));
  const EventFields fields = {{"count", count}, {"event_name", std::string(spec_of(event).name)}};
  this->count(Event::more_like_this);
  if (!wants(event)) return;
  std::string text = event_text(Event::more_like_this, fields);
  if (writer_->wants_fields()) text += '\n' + event_fields(Event::more_like_this, fields);
  writer_->write(levels_.of(event), text);
}

/// Those of the log itself happen on the thread that writes.
std::uint64_t EventLog::count_of(Event event) const {
  if (event == Event::log_unwritable) return writer_->sink().outages();
  if (event == Event::log_writable) return writer_->sink().recoveries();
  return counts_[static_cast<std::size_t>(event)];
}

std::uint64_t EventLog::dropped() const {
  return writer_->dropped() + lost_;
}

std::string EventLog::reconfigure(const LogSettings& settings) {
  EventLevels levels;
  std::string problem = levels.set(settings.levels);
  if (problem.empty()) problem = problem_with_target(settings.access_target);
  if (problem.empty()) problem = writer_->retarget(settings.target, settings.format);
  if (problem.empty()) problem = open_access(settings);
  if (!problem.empty()) return problem;
  levels_ = levels;
  level_ = settings.level;
  target_ = settings.target;
  format_ = settings.format;
  return {};
}

std::string EventLog::problem_with_target(const std::string& target) {
  return LogSink::problem_with(target);
}

std::string EventLog::reopen() {
  std::string problem = writer_->retarget(target_, format_);
  if (problem.empty() && access_writer_)
    problem = access_writer_->retarget(access_.access_target, format_);
  return problem;
}

// --- requests

std::string EventLog::open_access(const LogSettings& settings) {
  if (settings.access_sample > 0) {
    try {
      if (!access_writer_)
        access_writer_ = std::make_unique<Writer>(settings.access_target, settings.format);
      else if (std::string problem =
                   access_writer_->retarget(settings.access_target, settings.format);
               !problem.empty())
        return problem;
    } catch (const std::runtime_error& problem) {
      return problem.what();
    }
  }
  if (settings.access_sample != access_.access_sample) requests_passed_ = 0;
  access_ = settings;
  return {};
}

std::string EventLog::set_access_sample(std::int64_t one_in) {
  LogSettings wanted = access_;
  wanted.access_sample = one_in;
  return open_access(wanted);
}

bool EventLog::takes_request() noexcept {
  if (++requests_passed_ < access_.access_sample) return false;
  requests_passed_ = 0;
  const TimePoint now = clock_.now();
  if (request_rate_.since == TimePoint{} || now - request_rate_.since >= kRateInterval)
    request_rate_ = {.since = now};
  if (++request_rate_.logged <= access_.access_max_per_second) return true;
  ++requests_left_out_;
  return false;
}

void EventLog::log_request(EventFields fields) {
  if (!access_writer_) return;
  count(Event::request);
  std::string text = event_text(Event::request, fields);
  if (access_writer_->wants_fields()) text += '\n' + event_fields(Event::request, fields);
  access_writer_->write(LogLevel::info, text);
}

std::uint64_t EventLog::requests_dropped() const {
  return access_writer_ ? access_writer_->dropped() : 0;
}

}  // namespace reactord
