// SPDX-License-Identifier: MIT
#include "daemon/server/server.h"

#include <fmt/format.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <system_error>

#include "config/tables.h"
#include "daemon/dump/dump.h"
#include "daemon/interface/version.h"

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
constexpr Token kHttpToken = 6;
constexpr Token kFirstListenerToken = 7;
constexpr Token kFirstWatchToken = Token{1} << 31;
constexpr Token kFirstConnectionToken = Token{1} << 32;
/// A handler's function that is called back: as much as a costly request.
constexpr WorkUnits kCallbackWork = work_units(std::chrono::microseconds(20));

/// A slice of a long reply (ReplyProducer::produce).
constexpr WorkUnits kSliceWork = work_units(std::chrono::microseconds(100));

/// Of an event beside what a connection tells: a receive and a send that move nothing, and finding
/// out whom it concerns.
constexpr WorkUnits kEventWork = 8;

double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// By which others call it; "" where it has no name.
std::string name_of_machine() {
  std::array<char, 256> name{};  // HOST_NAME_MAX, and an end
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

WorkerPool::Limits worker_limits_of(const ServerSettings& server) {
  return {.threads = static_cast<std::size_t>(server.workers),
          .jobs = static_cast<std::size_t>(server.max_offloaded)};
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
      connections_(loop_, events, table_size(config_)),
      limits_(connections_, events),
      dispatcher_(clock, events, connections_, commands_),
      loop_context_{.parser_limits = {},  // these two: see apply()
                    .output_high_water = 0,
                    .deadlines = ConnectionDeadlines(config_.deadlines),
                    .host = connections_,
                    .sink = dispatcher_},
      workers_(loop_, kWorkersToken, worker_limits_of(config_.server)),
      watches_(loop_, dispatcher_.guard(), kFirstWatchToken, kFirstConnectionToken),
      users_(loop_, connections_, commands_, workers_, loop_context_, events),
      service_(loop_, connections_, limits_, dispatcher_, commands_, events, workers_, watches_,
               users_, loop_context_.latencies, *this),
      reports_(loop_, connections_, dispatcher_),
      heap_trimmer_(loop_, [this] { return_memory(); }),
      gate_(connections_, events),
      arrivals_(loop_, gate_, kHandshakesToken),
      started_at_(seconds_since_1970()),
      live_(loop_, {.metrics = metrics_sources(),
                    .connections = connections_,
                    .service = service_,
                    .started = loop_.now()}),
      scrapes_(loop_, metrics_sources()),
      http_(
          loop_, kHttpToken, static_cast<std::size_t>(config_.server.max_http_connections),
          [pages = HttpPages(scrapes_, live_, name_of_machine())](
              const HttpQuestion& question) mutable { return pages.answer(question); },
          [this] { listeners_.on_room(); }),
      listeners_(kFirstListenerToken, loop_, arrivals_, limits_, http_, events, loop_context_,
                 commands_),
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
  live_.set_on_news([this] { http_.wake(); });
  scrapes_.set_on_news([this] { http_.wake(); });
  service_.set_config_file(source.path());
  service_.diagnostics().set_begin_dump([this](std::string_view why) { return begin_dump(why); });
  make_handlers(handlers);
  loop_context_.command_names = commands_.names();
  if (const std::string problem = users_.check(config_); !problem.empty())
    throw BadConfiguration(problem);
  apply(config_);
  service_.set_settings(sorted_settings(config_, handler_tables_));
  if (const std::error_code error =
          loop_.watch_level(signals_.fd(), kSignalsToken, Priority::urgent))
    throw std::system_error(error, "epoll");
}

MetricsSources Server::metrics_sources() const {
  return {.loop = loop_,
          .connections = connections_,
          .dispatcher = dispatcher_,
          .commands = commands_,
          .events = events_,
          .limits = limits_,
          .workers = workers_,
          .server = *this,
          .latencies = loop_context_.latencies,
          .started_at = started_at_};
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

bool Server::start(std::vector<PassedSocket> passed, Predecessor* predecessor) {
  events_.record(Event::starting, {{"version", std::string(kVersion)}});
  Inheritance inherited =
      open_parcel(predecessor != nullptr ? predecessor->take_parcel() : take_parcel(passed));
  const UniqueFd kept = take_kept(passed);
  std::string problem = predecessor != nullptr ? why_not_all(inherited) : "";
  if (problem.empty())
    problem = listeners_.start(config_, std::move(passed), std::move(inherited.listening));
  if (problem.empty()) problem = start_handlers();
  if (problem.empty() && predecessor != nullptr) problem = predecessor->say_serving();
  if (!problem.empty()) {
    if (predecessor == nullptr) give_back(inherited);
    events_.record(Event::start_failed, {{"problem", problem}});
    return false;
  }
  listeners_.keep_inherited();
  warn_of_limits();
  service_.set_tcp_port(listeners_.tcp_port());
  watch_certificates();
  take_over(std::move(inherited));
  go_on_with_kept(kept);
  try_store();
  start_keeping();
  reports_.ready();
  events_.record(Event::ready);
  return true;
}

// --- turns of the loop

void Server::run() {
  while (!is_done()) loop_.run_turn(*this);
  end_work();
  const std::uint64_t longest_usec = loop_.stats().lengths.most() / 1000;
  events_.record(Event::stopped, {{"longest_turn_usec", std::to_string(longest_usec)}});
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
  } else if (token == kHttpToken) {
    http_.on_event();
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
  if (phase_ == Phase::parting) go_on_handing_over();
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
  if (kept_.has_more()) {
    kept_.go_on();
    loop_.charge(kSliceWork);
  }
  if (signal_dump_.has_parts()) {
    signal_dump_.go_on();
    loop_.charge(kSliceWork * SignalDump::kMaxPartsPerTurn);
  }
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
  const bool has_stopped = phase_ == Phase::parting || listeners_.stop_some();
  if (!has_stopped || !arrivals_.stop_some()) return;
  end_connections();
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

void Server::on_slow_turn(Duration took) noexcept {
  (void)has_memory_for(
      [&] { service_.diagnostics().turns().note(std::chrono::system_clock::now(), took); });
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

// --- signals

void Server::on_signal(int signal) {
  switch (const SignalRule rule = rule_of(signal); rule.action) {
    case SignalAction::reload:
      return reload_on_signal(signal);
    case SignalAction::drain:
      return drain_on_signal(signal);
    case SignalAction::succeed:
      return hand_over_on_signal(signal);
    case SignalAction::dump:
      return dump_on_signal(signal);
    case SignalAction::mention:
      signals_.take(signal);
      return mention_signal(rule);
    case SignalAction::ignore:
      return;  // never watched
  }
}

/// One at a time: whoever sends it again meanwhile gets that one.
void Server::dump_on_signal(int signal) {
  signals_.take(signal);
  const std::string name = signal_name(signal);
  if (signal_dump_.is_idle()) signal_dump_.begin(begin_dump(name), name);
}

std::unique_ptr<StateDump> Server::begin_dump(std::string_view why) {
  return std::make_unique<Dump>(
      DumpSources{loop_, connections_, loop_context_, dispatcher_.pending(), events_, service_},
      why);
}

/// Once each: whoever sends it again has been told.
void Server::mention_signal(const SignalRule& rule) {
  const std::uint64_t bit = std::uint64_t{1} << (rule.number - 1);
  if ((mentioned_signals_ & bit) == 0)
    events_.record(Event::signal_ignored,
                   {{"signal", signal_name(rule.number)}, {"advice", std::string(rule.advice)}});
  mentioned_signals_ |= bit;
}

}  // namespace reactord
