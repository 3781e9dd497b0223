// SPDX-License-Identifier: MIT
#include "daemon/log/event_log.h"

#include <fmt/format.h>
#include <spdlog/async.h>
#include <spdlog/async_logger.h>

#include <thread>

#include "daemon/log/log_sink.h"
#include "protocol/escape.h"

namespace reactord {

namespace {

/// Records that may wait for the writing thread. Small, because each slot holds a buffer (some 400
/// bytes); a burst of more than this is dropped and counted rather than waited for.
constexpr std::size_t kQueuedRecords = 512;
/// How long stopping waits for a slow sink.
constexpr auto kLastWritesTime = std::chrono::milliseconds(500);
/// The shortest time between two records of an event that comes often.
constexpr auto kOftenInterval = std::chrono::seconds(1);
/// A field longer than this is cut: messages come from clients.
constexpr std::size_t kMaxFieldBytes = 256;

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

/// Replaces the first "{name}" in `text`; false if there is none.
bool fill_in(std::string& text, std::string_view name, std::string_view value) {
  const std::string placeholder = fmt::format("{{{}}}", name);
  const std::size_t at = text.find(placeholder);
  if (at == std::string::npos) return false;
  text.replace(at, placeholder.size(), value);
  return true;
}

/// What the events have in common with which a connection ends.
constexpr std::string_view kClosePrefix = "closed_";

/// A peer without its port, under which all connections of one machine are found.
std::string_view host_of(std::string_view peer) {
  if (peer.starts_with("unix:")) return "unix";
  const std::string_view host = peer.substr(0, peer.rfind(':'));
  return host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
}

}  // namespace

std::string event_text(Event event, EventFields fields) {
  std::string text(spec_of(event).message);
  std::string behind;
  for (const EventField& field : fields) {
    if (field.name.empty() || field.is_for_search) continue;
    const std::string value = escaped(field.value, kMaxFieldBytes);
    if (!fill_in(text, field.name, value)) behind += fmt::format(" {}={}", field.name, value);
  }
  return text + behind;
}

std::string event_fields(Event event, EventFields fields) {
  const EventSpec& spec = spec_of(event);
  const MessageId id = message_id_of(spec.name);
  std::string lines =
      fmt::format("MESSAGE_ID={:016x}{:016x}\nREACTORD_EVENT={}\n", id.high, id.low, spec.name);
  if (spec.name.starts_with(kClosePrefix))
    lines += fmt::format("REACTORD_CLOSE_REASON={}\n", spec.name.substr(kClosePrefix.size()));
  for (const EventField& field : fields) {
    if (field.name.empty() || field.value.empty()) continue;
    lines += "REACTORD_";
    for (const char c : field.name) lines += static_cast<char>(c - ('a' <= c && c <= 'z' ? 32 : 0));
    lines += fmt::format("={}\n", escaped(field.value, kMaxFieldBytes));
    if (field.name == "peer") lines += fmt::format("REACTORD_HOST={}\n", host_of(field.value));
  }
  return lines;
}

/// The queue and the thread behind it.
class EventLog::Writer {
 public:
  explicit Writer(const std::string& target)
      : sink_(std::make_shared<LogSink>(target)),
        pool_(std::make_shared<spdlog::details::thread_pool>(kQueuedRecords, 1)),
        logger_(std::make_shared<spdlog::async_logger>(
            "reactord", sink_, pool_, spdlog::async_overflow_policy::overrun_oldest)) {
    logger_->set_level(spdlog::level::trace);
  }

  void write(LogLevel level, const std::string& text) { logger_->log(spdlog_level(level), text); }
  [[nodiscard]] bool wants_fields() const { return sink_->wants_fields(); }

  [[nodiscard]] std::uint64_t dropped() const {
    return pool_->overrun_counter() + sink_->failed_writes();
  }

  [[nodiscard]] std::string retarget(const std::string& target) { return sink_->retarget(target); }

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
  std::shared_ptr<LogSink> sink_;
  std::shared_ptr<spdlog::details::thread_pool> pool_;
  std::shared_ptr<spdlog::async_logger> logger_;
};

EventLog::EventLog(const Clock& clock, const LogSettings& settings)
    : clock_(clock), level_(settings.level), writer_(std::make_unique<Writer>(settings.target)) {}

EventLog::~EventLog() {
  if (writer_->drain()) return;
  // A thread that hangs in write(2) cannot be joined: it is left behind, and the process is about
  // to end.
  [[maybe_unused]] static Writer* volatile left_behind = nullptr;
  left_behind = writer_.release();
}

void EventLog::log(Event event, EventFields fields) {
  if (is_suppressed(event)) return;
  std::string text = event_text(event, fields);
  std::uint64_t& left_out = left_out_[static_cast<std::size_t>(event)];
  if (left_out > 0) text += fmt::format(" ({} more like this before)", left_out);
  left_out = 0;
  if (writer_->wants_fields()) text += '\n' + event_fields(event, fields);
  writer_->write(spec_of(event).level, text);
}

bool EventLog::is_suppressed(Event event) {
  if (spec_of(event).repeats == Repeats::seldom) return false;
  const auto index = static_cast<std::size_t>(event);
  const TimePoint now = clock_.now();
  const bool is_first = last_logged_[index] == TimePoint{};
  if (!is_first && now - last_logged_[index] < kOftenInterval) {
    ++left_out_[index];
    return true;
  }
  last_logged_[index] = now;
  return false;
}

std::uint64_t EventLog::dropped() const {
  return writer_->dropped();
}

std::string EventLog::reconfigure(const LogSettings& settings) {
  std::string problem = writer_->retarget(settings.target);
  if (problem.empty()) level_ = settings.level;
  return problem;
}

}  // namespace reactord
