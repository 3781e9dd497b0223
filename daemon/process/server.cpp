// SPDX-License-Identifier: MIT
#include "daemon/process/server.h"

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <cstring>
#include <system_error>

#include "config/tables.h"
#include "config/value_types.h"
#include "daemon/interface/version.h"
#include "daemon/reload/reload_answer.h"

namespace reactord {

namespace {

// Tokens of what is no connection. Those of connections are above 2^32: their generation begins
// at 1.
constexpr Token kSignalsToken = 0;
constexpr Token kLongRepliesToken = 1;
constexpr Token kChoresToken = 2;
constexpr Token kReloadToken = 3;
constexpr Token kWorkersToken = 4;
constexpr Token kHandshakesToken = 5;
constexpr Token kFirstListenerToken = 6;
constexpr Token kFirstWatchToken = Token{1} << 31;
constexpr Token kFirstConnectionToken = Token{1} << 32;
/// Beside connections on the ready list: listeners, and those above.
constexpr std::size_t kOtherTokens = 256;

/// A handler's function that is called back: as much as a costly request.
constexpr WorkUnits kCallbackWork = work_units(std::chrono::microseconds(20));

/// Why there is no reload.
constexpr const char* kStopping = "the server is stopping";
/// A slice of a long reply (ReplyProducer::produce).
constexpr WorkUnits kSliceWork = work_units(std::chrono::microseconds(100));

/// Of an event beside what a connection tells: a receive and a send that move nothing, and finding
/// out whom it concerns.
constexpr WorkUnits kEventWork = 8;

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

WorkerPool::Limits worker_limits_of(const ServerSettings& server) {
  return {.threads = static_cast<std::size_t>(server.workers),
          .jobs = static_cast<std::size_t>(server.max_offloaded)};
}

/// Where buffers may take little memory together, little is kept for the next.
std::size_t pool_bytes_of(std::size_t buffer_bytes) {
  return std::min(LoopContext::kMaxPoolBytes, buffer_bytes / 8);
}

TableSize table_size(const Config& config, const DescriptorBudget& descriptors) {
  const std::int64_t possible =
      descriptors.raise_for(config, config.server.max_connections).possible_connections;
  // Slots for administrators also where there is no admin listener yet: a reload may bring one.
  return {.clients = static_cast<std::uint32_t>(possible),
          .admins = static_cast<std::uint32_t>(config.server.max_admin_connections)};
}

std::string size_text(std::uint64_t bytes) {
  constexpr std::uint64_t kMebibyte = 1u << 20;
  const std::uint64_t rounded = bytes < kMebibyte ? bytes : bytes / kMebibyte * kMebibyte;
  return plain_text(ValueTraits<ByteCount>::show({rounded}));
}

}  // namespace

Server::Server(const Clock& clock, EventLog& events, SignalWatch& signals, Config config,
               const ConfigSource& source, std::span<const HandlerEntry> handlers)
    : events_(events),
      signals_(signals),
      config_(std::move(config)),
      handler_entries_(handlers),
      handler_tables_(tables_of(handlers)),
      loop_(clock),
      connections_(loop_, events, table_size(config_, descriptors_)),
      limits_(connections_, events),
      dispatcher_(clock, events, connections_, commands_),
      loop_context_{.parser_limits = parser_limits_of(config_.limits),
                    .output_high_water = config_.limits.output_high_water.bytes,
                    .deadlines = ConnectionDeadlines(config_.deadlines),
                    .host = connections_,
                    .sink = dispatcher_},
      workers_(loop_, kWorkersToken, worker_limits_of(config_.server)),
      watches_(loop_, dispatcher_.guard(), kFirstWatchToken, kFirstConnectionToken),
      users_(loop_, connections_, commands_, workers_, loop_context_, events),
      service_(loop_, connections_, limits_, dispatcher_, commands_, events, workers_, watches_,
               users_, *this),
      reports_(loop_, connections_, dispatcher_),
      heap_trimmer_(loop_, [this] { return_memory(); }),
      gate_(connections_, events),
      arrivals_(loop_, gate_, kHandshakesToken),
      listeners_(kFirstListenerToken, loop_, arrivals_, limits_, events, loop_context_, commands_),
      reload_(
          config_, source, handler_tables_, events, listeners_,
          [this](const Config& next) { return check(next); },
          [this](const Config& next, std::vector<Setting> settings) {
            apply(next);
            service_.set_settings(std::move(settings));
            publish_log_level();
          }),
      reloads_(loop_, kReloadToken, helper_, reload_, config_,
               [this](const std::string& request, ReloadPlan plan) {
                 return finish_reload(request, std::move(plan));
               }) {
  keep_memory_reserve();
  connections_.set_observer(dispatcher_);
  connections_.set_on_room([this] { listeners_.on_room(); });
  service_.set_config_file(source.path());
  make_handlers(handlers);
  if (const std::string problem = users_.check(config_); !problem.empty())
    throw std::runtime_error(problem);
  apply(config_);
  service_.set_settings(sorted_settings(config_, handler_tables_));
  if (const std::error_code error =
          loop_.watch_level(signals_.fd(), kSignalsToken, Priority::urgent))
    throw std::system_error(error, "epoll_ctl");
}

/// Handlers go last but one: promises that they still hold are given up while connections exist,
/// and what they keep for connections before they go.
Server::~Server() {
  abort_connections();
  arrivals_.clear();
  listeners_.clear();
  end_work();
  // Work that hangs may touch its handler at any time.
  if (has_left_work_) leave_behind(std::make_shared<decltype(handlers_)>(std::move(handlers_)));
  handlers_.clear();
}

// --- start

bool Server::start(std::vector<PassedSocket> passed) {
  events_.record(Event::starting, {{"version", std::string(kVersion)}});
  if (const std::string problem = listeners_.start(config_, std::move(passed)); !problem.empty()) {
    events_.record(Event::start_failed, {{"problem", problem}});
    return false;
  }
  if (const std::string problem = start_handlers(); !problem.empty()) {
    events_.record(Event::start_failed, {{"problem", problem}});
    return false;
  }
  warn_of_limits();
  service_.set_tcp_port(listeners_.tcp_port());
  watch_certificates();
  reports_.ready();
  events_.record(Event::ready);
  return true;
}

// --- turns of the loop

void Server::run() {
  while (!is_done()) loop_.run_turn(*this);
  end_work();
  const auto longest =
      std::chrono::duration_cast<std::chrono::microseconds>(loop_.stats().longest_turn);
  events_.record(Event::stopped, {{"longest_turn_usec", std::to_string(longest.count())}});
}

void Server::on_event(Token token, Readiness readiness) noexcept {
  if (token >= kFirstConnectionToken) {
    // A stale token, of a connection that this turn has closed, finds nothing.
    if (Connection* connection = connections_.find(token))
      connection->on_event(readiness);
    else if (Arrivals::is_own(token))
      arrivals_.on_event(token, readiness);
    loop_.charge(kEventWork + loop_context_.take_work());
  } else if (token >= kFirstWatchToken) {
    watches_.on_event(token, readiness);
    loop_.charge(kCallbackWork);
  } else if (token >= kFirstListenerToken) {
    listeners_.on_event(token, readiness);
  } else if (!has_memory_for([&] { on_own_event(token); })) {
    put_off("the daemon's own work");
  }
}

/// Where one of these fails for want of memory, it is what the next turn tries again.
void Server::on_own_event(Token token) {
  if (token == kSignalsToken) {
    // One a turn; the others are told again.
    if (const std::optional<int> signal = signals_.waiting()) on_signal(*signal);
  } else if (token == kLongRepliesToken) {
    has_long_replies_scheduled_ = false;
    loop_.charge(kSliceWork * dispatcher_.pending().run_slices());
  } else if (token == kChoresToken) {
    has_chores_scheduled_ = false;
    do_chores();
  } else if (token == kReloadToken) {
    reloads_.on_event();
  } else if (token == kWorkersToken) {
    loop_.charge(kCallbackWork * static_cast<WorkUnits>(workers_.on_event()));
  } else if (token == kHandshakesToken) {
    arrivals_.on_handshakes();
  }
}

/// Of the loop's own work there is always more than one chance.
void Server::put_off(std::string_view what) noexcept {
  loop_.stay_awake();
  events_.count(Event::out_of_memory);
  if (events_.wants(Event::out_of_memory))
    (void)has_memory_for([&] { events_.log(Event::out_of_memory, {{"what", std::string(what)}}); });
}

void Server::on_turn_end() noexcept {
  if (!has_memory_for([&] { end_turn(); })) put_off("the end of a turn");
}

void Server::end_turn() {
  const bool has_more = connections_.end_turn();
  if (arrivals_.take_has_gone()) listeners_.on_room();
  renew_memory_reserve();
  heap_trimmer_.note(connections_.buffer_bytes() + loop_context_.pool.take_use());
  if (!has_long_replies_scheduled_ && dispatcher_.pending().has_long_replies()) {
    // With the urgent, among whom it has a share: the ready list may take many turns.
    loop_.make_ready(kLongRepliesToken, Priority::urgent);
    has_long_replies_scheduled_ = true;
  }
  if (left_out_timer_ == 0 && events_.has_left_out())
    left_out_timer_ = loop_.timers().add(loop_.now() + EventLog::kLeftOutPause, [this] {
      left_out_timer_ = 0;
      events_.tell_left_out();
    });
  if (!has_chores_scheduled_ && (has_more || has_chores())) {
    loop_.make_ready(kChoresToken, Priority::urgent);
    has_chores_scheduled_ = true;
  }
}

void Server::do_chores() {
  if (!is_closed_to_new_) {
    take_in_the_last();
  } else if (listeners_.has_leaving()) {
    listeners_.let_leave();
  } else {
    walks_.go_on();
  }
}

/// Who has connected by now is the last to come, if it has brought what its listener wants.
void Server::take_in_the_last() {
  if (!listeners_.stop_some() || !arrivals_.stop_some()) return;
  drain_connections();
  is_closed_to_new_ = true;
}

/// In a thread that does nothing else: the kernel takes about 0.1 ms for a MiB.
void Server::return_memory() {
  const auto buffers = std::make_shared<std::vector<Buffer>>();
  while (loop_context_.pool.bytes() > 0)
    buffers->push_back(loop_context_.pool.take(1, Buffer::kMaxBytes));
  helper_.run([buffers] {
    buffers->clear();
    ::malloc_trim(0);
  });
}

std::optional<TimePoint> Server::next_deadline() noexcept {
  std::optional<TimePoint> nearest;
  for (const std::optional<TimePoint> next :
       {loop_context_.deadlines.next(), arrivals_.next_deadline(), limits_.next_deadline()})
    if (next && (!nearest || *next < *nearest)) nearest = next;
  return nearest;
}

void Server::on_deadlines(TimePoint now) noexcept {
  loop_context_.deadlines.expire(now);
  arrivals_.expire(now);
  limits_.resume_due(now);
}

// --- reload

void Server::on_signal(int signal) {
  switch (const SignalRule rule = rule_of(signal); rule.action) {
    case SignalAction::reload:
      return reload_on_signal(signal);
    case SignalAction::drain:
      return drain_on_signal(signal);
    case SignalAction::mention:
      signals_.take(signal);
      return mention_signal(rule);
    case SignalAction::ignore:
      return;  // never watched
  }
}

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
  if (!asker) return;
  if (!is_serving) return answer_reload(*asker, {.problems = {kStopping}});
  reloads_.answer_next(
      [number = *asker](const ReloadOutcome& outcome) { answer_reload(number, outcome); });
}

/// Once each: whoever sends it again has been told.
void Server::mention_signal(const SignalRule& rule) {
  const std::uint64_t bit = std::uint64_t{1} << (rule.number - 1);
  if ((mentioned_signals_ & bit) == 0)
    events_.record(Event::signal_ignored,
                   {{"signal", signal_name(rule.number)}, {"advice", std::string(rule.advice)}});
  mentioned_signals_ |= bit;
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
  const TableSize size = table_size(config, descriptors_);
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

}  // namespace reactord
