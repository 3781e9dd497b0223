// SPDX-License-Identifier: MIT
// How a running server gets another configuration: who asks for it, what must hold before it is
// taken, and what of it is put in force while connections stay. The rest of its life is in
// server.cpp.
#include <fmt/format.h>

#include <algorithm>

#include "config/value_types.h"
#include "daemon/reload/reload_answer.h"
#include "daemon/server/server.h"

namespace reactord {

namespace {

/// Beside connections on the ready list: listeners, and those above.
constexpr std::size_t kOtherTokens = 256;

/// Why there is no reload.
constexpr const char* kStopping = "the server is stopping";

ParserLimits parser_limits_of(const LimitSettings& limits) {
  return {.max_frame_bytes = limits.max_frame.bytes,
          .max_arguments = static_cast<std::size_t>(limits.max_arguments),
          .max_inline_bytes = limits.max_inline.bytes};
}

ParserLimits login_limits_of(const ParserLimits& limits) {
  return {.max_frame_bytes = std::min(kMaxLoginFrameBytes, limits.max_frame_bytes),
          .max_arguments = std::min(kMaxLoginArguments, limits.max_arguments),
          .max_inline_bytes = std::min(kMaxLoginFrameBytes, limits.max_inline_bytes)};
}

/// Where buffers may take little memory together, little is kept for the next.
std::size_t pool_bytes_of(std::size_t buffer_bytes) {
  return std::min(LoopContext::kMaxPoolBytes, buffer_bytes / 8);
}

/// What is switched off is never that slow.
Duration off_is_never(std::chrono::milliseconds time) {
  return time == time.zero() ? Duration::max() : Duration(time);
}

std::string size_text(std::uint64_t bytes) {
  constexpr std::uint64_t kMebibyte = 1u << 20;
  const std::uint64_t rounded = bytes < kMebibyte ? bytes : bytes / kMebibyte * kMebibyte;
  return plain_text(ValueTraits<ByteCount>::show({rounded}));
}

}  // namespace

void Server::reload_on_signal(int signal) {
  const bool is_serving = phase_ == Phase::serving;
  if (is_serving) {
    // Told before the signal is taken: systemd must know that the reload is not over once a
    // `reactord --reload` that gets no answer returns (reload_request.h).
    if (!reloads_.is_asked()) reports_.reloading();
    reloads_.ask_in_a_while("SIGHUP");
  }
  // Nothing can fail any more: a signal that was taken is not told again.
  const std::optional<int> asker = signals_.take(signal);
  if (successor_) is_reload_missed_ = true;
  if (!asker) return;
  if (!is_serving) return answer_reload(*asker, {.problems = {kStopping}});
  reloads_.answer_next(
      [number = *asker](const ReloadOutcome& outcome) { answer_reload(number, outcome); });
}

void Server::reload(std::string_view who, ReloadQueue::Answer answer) {
  // systemd must not take a stopping daemon for ready.
  if (phase_ != Phase::serving) return answer({.problems = {kStopping}});
  reports_.reloading();
  reloads_.ask(fmt::format("RELOAD by {}", who), std::move(answer));
}

ReloadOutcome Server::finish_reload(const std::string& request, ReloadPlan plan) {
  if (phase_ != Phase::serving) return {.problems = {kStopping}};
  ReloadOutcome outcome = reload_.finish(request, std::move(plan));
  if (outcome.problems.empty()) warn_of_limits();
  service_.set_tcp_port(listeners_.tcp_port());
  watch_certificates();
  reports_.reloaded(outcome.problems.size());
  if (reloads_.is_asked()) reports_.reloading();
  return outcome;
}

/// From now on, as long as there are any.
void Server::watch_certificates() {
  certificates_.watch(listeners_.certificates());
  for (TimerQueue::TimerId& timer : certificate_timers_)
    loop_.timers().cancel(std::exchange(timer, 0));
  if (certificates_.is_empty()) return;
  const auto each = [&](Duration pause, std::function<void()> call) {
    return loop_.timers().add_repeating(loop_.now() + pause, pause, std::move(call));
  };
  certificate_timers_ = {
      each(CertificateWatch::kPause, [this] { certificates_.look(); }),
      each(HandshakeContext::kKeyPause, [this] { listeners_.forget_old_keys(); })};
}

/// What the process could not grant, though the configuration is good.
std::string Server::check(const Config& next) const {
  if (std::string problem = users_.check(next); !problem.empty()) return problem;
  return descriptors_.check(
      next, std::min<std::int64_t>(connections_.capacity().clients, next.server.max_connections));
}

/// Where the process may have less than the configuration wants.
void Server::warn_of_limits() {
  warn_of_memory();
  const std::int64_t wanted = config_.server.max_connections;
  const DescriptorLimit limit = descriptors_.raise_for(config_, wanted);
  if (limit.possible_connections < wanted)
    events_.record(Event::connections_lowered,
                   {{"wanted", std::to_string(wanted)},
                    {"possible", std::to_string(connections_.capacity().clients)},
                    {"descriptors", std::to_string(limit.descriptors)}});
}

void Server::warn_of_memory() {
  const std::uint64_t wanted = config_.limits.max_buffer_memory.bytes;
  const std::uint64_t possible = possible_buffer_bytes(wanted, memory_limit_);
  if (possible < wanted)
    events_.record(Event::memory_lowered, {{"wanted", size_text(wanted)},
                                           {"possible", size_text(possible)},
                                           {"limit", memory_limit_->name},
                                           {"left", size_text(memory_limit_->left)}});
}

void Server::set_table_size(const Config& config) {
  const TableSize size = table_size(config);
  // Each may be listed once more under the id of its slot's next owner before its turn comes.
  loop_.reserve_ready(2 * std::size_t{size.clients} + kOtherTokens,
                      2 * std::size_t{size.admins} + kOtherTokens);
  connections_.set_max_clients(size.clients);
  arrivals_.set_limits(static_cast<std::uint32_t>(config.server.max_handshakes),
                       config.deadlines.handshake);
}

/// Puts in force what can be changed while connections stay.
void Server::apply(const Config& config) {
  set_table_size(config);
  loop_context_.parser_limits = parser_limits_of(config.limits);
  loop_context_.login_limits = login_limits_of(loop_context_.parser_limits);
  loop_context_.output_high_water = config.limits.output_high_water.bytes;
  const ConnectionDeadlines& deadlines = loop_context_.deadlines;
  const bool has_new_idle = deadlines.idle.length() != config.deadlines.idle;
  const bool has_new_write_stall = deadlines.write_stall.length() != config.deadlines.write_stall;
  loop_context_.deadlines.set_lengths(config.deadlines);
  if (has_new_idle)
    walks_.add({.visit = [](Connection& connection) { connection.restart_idle_deadline(); },
                .visits_per_turn = ConnectionWalks::kManyPerTurn});
  if (has_new_write_stall)
    walks_.add({.visit =
                    [this](Connection& connection) {
                      set_user_timeout(connection.stream().fd(), config_.deadlines.write_stall);
                    },
                .visits_per_turn = ConnectionWalks::kManyPerTurn});
  const std::uint64_t buffer_bytes =
      possible_buffer_bytes(config.limits.max_buffer_memory.bytes, memory_limit_);
  connections_.set_limits(config.server.max_connections_per_address, buffer_bytes);
  loop_context_.pool.set_max_bytes(pool_bytes_of(buffer_bytes));
  for (std::size_t i = 0; i < handlers_.size(); ++i)
    if (const auto settings = config.handlers.find(handler_entries_[i].name);
        settings != config.handlers.end())
      call_handler(i, "reload()",
                   [&](Handler& handler) { handler.reload(settings->second.get()); });
  dispatcher_.guard().set_slow(config.log.slow_handler);
  dispatcher_.slow_log().set_limits(off_is_never(config.slowlog.slower_than),
                                    static_cast<std::size_t>(config.slowlog.max_requests));
  dispatcher_.slow_log().set_deferred_limit(off_is_never(config.slowlog.deferred_slower_than));
  dispatcher_.end_batch();  // from the next one on requests are logged, or are not
  loop_.set_slow_turn(off_is_never(config.latency.slow_turn));
  // Who asks is renewed at once; the walk is for those who do not.
  if (users_.apply(config))
    walks_.add({.visit = [this](Connection& connection) { users_.renew(connection); },
                .visits_per_turn = ConnectionWalks::kFewPerTurn});
}

/// LOG LEVEL's may last beyond what the file says.
void Server::publish_log_level() {
  const LogLevel in_file = reload_.level_in_file();
  service_.set_setting("log.level", log_level());
  if (in_file == config_.log.level)
    service_.set_setting("log.level_in_file", {});
  else
    service_.set_setting("log.level_in_file", plain_text(ValueTraits<LogLevel>::show(in_file)));
}

/// What clients and administrators may have slots for, as far as descriptors go.
TableSize Server::table_size(const Config& config) const {
  const std::int64_t possible =
      descriptors_.raise_for(config, config.server.max_connections).possible_connections;
  // Slots for administrators also where there is no admin listener yet: a reload may bring one.
  return {.clients = static_cast<std::uint32_t>(possible),
          .admins = static_cast<std::uint32_t>(config.server.max_admin_connections)};
}

// --- the log

std::string Server::log_level() const {
  return plain_text(ValueTraits<LogLevel>::show(config_.log.level));
}

std::string Server::set_log_level(std::string_view level, std::string_view who) {
  LogLevel wanted{};
  if (std::string problem = ValueTraits<LogLevel>::parse(std::string(level), {}, wanted);
      !problem.empty())
    return problem;
  const std::string before = log_level();
  if (wanted == config_.log.level) return {};
  config_.log.level = wanted;
  events_.count(Event::log_level_changed);
  // Whatever the levels: it is what explains a log that falls silent, or fills.
  events_.log(Event::log_level_changed,
              {{"before", before}, {"after", log_level()}, {"who", std::string(who)}});
  events_.set_level(wanted);
  publish_log_level();
  return {};
}

std::string Server::set_access_sample(std::int64_t one_in, std::string_view who) {
  const std::int64_t before = config_.log.access_sample;
  if (one_in == before) return {};
  if (std::string problem = events_.set_access_sample(one_in); !problem.empty()) return problem;
  config_.log.access_sample = one_in;
  events_.record(Event::access_log_changed, {{"before", std::to_string(before)},
                                             {"after", std::to_string(one_in)},
                                             {"who", std::string(who)}});
  service_.set_setting("log.access_sample", std::to_string(one_in));
  return {};
}

std::string Server::set_log_levels(std::vector<std::string> rules, std::string_view who) {
  if (rules == config_.log.levels) return {};
  if (std::string problem = events_.set_levels(rules); !problem.empty()) return problem;
  const auto text_of = [](const std::vector<std::string>& levels) {
    return plain_text(ValueTraits<std::vector<std::string>>::show(levels));
  };
  const std::string before = text_of(config_.log.levels);
  const std::string after = text_of(rules);
  config_.log.levels = std::move(rules);
  events_.count(Event::log_levels_changed);
  events_.log(Event::log_levels_changed,  // whatever they are now
              {{"before", before}, {"after", after}, {"who", std::string(who)}});
  service_.set_setting("log.levels", after);
  return {};
}

}  // namespace reactord
