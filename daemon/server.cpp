// SPDX-License-Identifier: MIT
#include "daemon/server.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>

#include "config/reload.h"
#include "config/tables.h"
#include "daemon/descriptor_limit.h"
#include "daemon/version.h"

namespace reactord {

namespace {

// Tokens of what is no connection. Those of connections are above 2^32: their generation begins
// at 1.
constexpr Token kSignalsToken = 0;
constexpr Token kLongRepliesToken = 1;
constexpr Token kFirstListenerToken = 2;
constexpr Token kFirstConnectionToken = Token{1} << 32;

/// Deadlines of one kind that expire in one turn; the rest waits for the next, so that new events
/// are not kept waiting.
constexpr int kMaxExpiredPerTurn = 256;

Framing framing_of(ListenerFraming framing) {
  switch (framing) {
    case ListenerFraming::command:
      return Framing::command;
    case ListenerFraming::line:
      return Framing::line;
    case ListenerFraming::raw:
      return Framing::raw;
  }
  return Framing::command;
}

CommandClasses classes_of(const AllowedCommands& allowed, bool is_local) {
  if (allowed.by_address && is_local) return CommandClasses::all();
  CommandClasses classes;
  if (allowed.by_address || allowed.public_commands) classes.allow(CommandClass::open);
  if (!allowed.by_address && allowed.introspection) classes.allow(CommandClass::introspection);
  if (!allowed.by_address && allowed.admin) classes.allow(CommandClass::admin);
  return classes;
}

SocketAddress socket_address(const Endpoint& endpoint) {
  switch (endpoint.kind) {
    case Endpoint::Kind::ipv4: {
      const auto& ip = endpoint.ip;
      return SocketAddress::ipv4({ip[0], ip[1], ip[2], ip[3]}, endpoint.port);
    }
    case Endpoint::Kind::ipv6:
      return SocketAddress::ipv6(endpoint.ip, endpoint.port);
    case Endpoint::Kind::unix_path:
      return SocketAddress::unix_path(endpoint.path);
    case Endpoint::Kind::systemd:
      break;  // adopted, never opened
  }
  return {};
}

ParserLimits parser_limits_of(const LimitSettings& limits) {
  return {.max_frame_bytes = limits.max_frame.bytes,
          .max_arguments = static_cast<std::size_t>(limits.max_arguments),
          .max_inline_bytes = limits.max_inline.bytes};
}

std::uint32_t table_size(const Config& config, EventLog& events) {
  const std::int64_t wanted = config.server.max_connections;
  const DescriptorLimit limit = raise_descriptor_limit(wanted);
  if (limit.possible_connections < wanted)
    events.record(Event::connections_lowered,
                  {{"wanted", std::to_string(wanted)},
                   {"possible", std::to_string(limit.possible_connections)},
                   {"descriptors", std::to_string(limit.descriptors)}});
  return static_cast<std::uint32_t>(std::min(wanted, limit.possible_connections));
}

std::vector<HandlerTableSpec> tables_of(std::span<const HandlerEntry> entries) {
  std::vector<HandlerTableSpec> tables;
  for (const HandlerEntry& entry : entries) tables.push_back(entry.table);
  return tables;
}

std::string signal_name(int signal) {
  return fmt::format("SIG{}", ::sigabbrev_np(signal));
}

}  // namespace

Server::Server(const Clock& clock, EventLog& events, SignalWatch& signals, Config config,
               const ConfigSource& source, std::span<const HandlerEntry> handlers)
    : events_(events),
      signals_(signals),
      config_(std::move(config)),
      source_(source),
      handler_entries_(handlers),
      handler_tables_(tables_of(handlers)),
      loop_(clock),
      connections_(loop_, events, table_size(config_, events)),
      dispatcher_(clock, events, connections_, commands_),
      workspace_{.parser_limits = parser_limits_of(config_.limits),
                 .output_high_water = config_.limits.output_high_water.bytes,
                 .deadlines = {DeadlineQueue<InputDeadline>(config_.deadlines.first_request),
                               DeadlineQueue<InputDeadline>(config_.deadlines.frame),
                               DeadlineQueue<InputDeadline>(config_.deadlines.idle),
                               DeadlineQueue<OutputDeadline>(config_.deadlines.write_stall),
                               DeadlineQueue<OutputDeadline>(config_.deadlines.linger)},
                 .host = connections_,
                 .sink = dispatcher_},
      service_(loop_, connections_, dispatcher_, commands_, events),
      reports_(loop_, connections_, dispatcher_) {
  connections_.set_observer(dispatcher_);
  connections_.set_on_room([this] {
    for (const auto& listener : listeners_) listener->on_room();
  });
  make_handlers(handlers);
  make_rules();
  apply(config_);
  if (const std::error_code error = loop_.watch_level(signals_.fd(), kSignalsToken))
    throw std::system_error(error, "epoll_ctl");
}

/// Handlers go last but one: promises that they still hold are given up while connections exist,
/// and what they keep for connections before they go.
Server::~Server() {
  abort_connections();
  listeners_.clear();
  handlers_.clear();
}

// --- start

void Server::make_handlers(std::span<const HandlerEntry> entries) {
  for (const HandlerEntry& entry : entries) {
    const auto settings = config_.handlers.find(entry.name);
    handlers_.push_back(entry.make(
        service_, settings == config_.handlers.end() ? nullptr : settings->second.get()));
    commands_.add(*handlers_.back(), entry.name);
  }
}

void Server::make_rules() {
  for (const ListenerSettings& settings : config_.listeners) {
    CommandEntry* bound = nullptr;
    if (settings.framing != ListenerFraming::command) {
      bound = commands_.first_of(settings.handler);
      if (bound == nullptr)
        throw std::logic_error(fmt::format("the handler '{}' has no command", settings.handler));
    }
    rules_.push_back(std::make_unique<ListenerRules>(
        ListenerRules{.name = settings.name,
                      .traits = {.workspace = workspace_,
                                 .framing = framing_of(settings.framing),
                                 .bound_command = bound},
                      .allowed_commands = {},
                      .allow = {}}));
  }
}

bool Server::start(std::vector<PassedSocket> passed) {
  events_.record(Event::starting, {{"version", std::string(kVersion)}});
  for (std::size_t i = 0; i < rules_.size(); ++i)
    if (!open_listeners(config_.listeners[i], *rules_[i], passed)) return false;
  for (const PassedSocket& left : passed)
    if (left.fd)
      return fail_start(
          fmt::format("a socket was passed under the name '{}', but no [[listener]] of that name "
                      "has address = \"systemd\"",
                      left.name));
  if (listeners_.empty()) return fail_start("no address is left to listen on");
  allow_classes();
  for (const auto& listener : listeners_) warn_if_open_to_all(*listener);
  const std::vector<SocketAddress> bound = addresses();
  const auto with_port =
      std::find_if(bound.begin(), bound.end(), [](const SocketAddress& a) { return a.is_ip(); });
  if (with_port != bound.end()) service_.set_tcp_port(with_port->port());
  reports_.ready();
  events_.record(Event::ready);
  return true;
}

bool Server::fail_start(const std::string& problem) {
  events_.record(Event::start_failed, {{"problem", problem}});
  return false;
}

bool Server::open_listeners(const ListenerSettings& settings, const ListenerRules& rules,
                            std::vector<PassedSocket>& passed) {
  for (const Endpoint& endpoint : settings.addresses) {
    const bool is_open = endpoint.kind == Endpoint::Kind::systemd
                             ? adopt_listeners(settings, rules, passed)
                             : open_listener(endpoint, settings, rules);
    if (!is_open) return false;
  }
  return true;
}

bool Server::open_listener(const Endpoint& endpoint, const ListenerSettings& settings,
                           const ListenerRules& rules) {
  const ListenOptions options{.backlog = static_cast<int>(settings.backlog),
                              .unix_mode = settings.mode.bits};
  ListenResult result = open_listening_socket(socket_address(endpoint), options);
  switch (result.status) {
    case ListenStatus::ok:
      return add_listener(std::move(result.fd), false, rules);
    case ListenStatus::failed:
      return fail_start(result.problem);
    case ListenStatus::no_such_family:
      events_.record(Event::listener_left_out,
                     {{"address", to_string(endpoint)}, {"problem", result.problem}});
      return true;
  }
  return false;
}

bool Server::adopt_listeners(const ListenerSettings& settings, const ListenerRules& rules,
                             std::vector<PassedSocket>& passed) {
  bool has_any = false;
  for (PassedSocket& socket : passed) {
    if (!socket.fd || socket.name != settings.name) continue;
    if (const std::string problem = adopt_listening_socket(socket.fd.get()); !problem.empty())
      return fail_start(problem);
    if (!add_listener(std::move(socket.fd), true, rules)) return false;
    has_any = true;
  }
  if (has_any) return true;
  return fail_start(fmt::format(
      "no socket was passed for the listener '{}': its socket unit needs FileDescriptorName={}",
      settings.name, settings.name));
}

bool Server::add_listener(UniqueFd fd, bool is_adopted, const ListenerRules& rules) {
  const Token token = kFirstListenerToken + listeners_.size();
  tune_listening_socket(fd.get(), config_.deadlines.write_stall);
  if (const std::error_code error = loop_.watch(fd.get(), token))
    return fail_start("epoll_ctl: " + error.message());
  listeners_.push_back(std::make_unique<Listener>(token, std::move(fd), is_adopted, rules, loop_,
                                                  connections_, events_));
  events_.record(Event::listening,
                 {{"address", listeners_.back()->address().to_string()}, {"listener", rules.name}});
  return true;
}

std::vector<SocketAddress> Server::addresses() const {
  std::vector<SocketAddress> addresses;
  for (const auto& listener : listeners_) addresses.push_back(listener->address());
  return addresses;
}

void Server::warn_if_open_to_all(const Listener& listener) {
  if (!listener.address().is_local() && listener.rules().allow.empty())
    events_.record(Event::listener_open_to_all, {{"address", listener.address().to_string()}});
}

// --- turns of the loop

void Server::run() {
  while (!is_done()) loop_.run_turn(*this);
  events_.record(Event::stopped);
}

void Server::on_event(Token token, Readiness readiness) noexcept {
  if (token >= kFirstConnectionToken) {
    // A stale token, of a connection that this turn has closed, finds nothing.
    if (Connection* connection = connections_.find(token)) connection->on_event(readiness);
  } else if (token == kSignalsToken) {
    while (const std::optional<int> signal = signals_.next()) on_signal(*signal);
  } else if (token == kLongRepliesToken) {
    has_long_replies_scheduled_ = false;
    dispatcher_.pending().run_slices();
  } else {
    listeners_[token - kFirstListenerToken]->on_event(readiness);
  }
}

void Server::on_turn_end() noexcept {
  connections_.end_turn();
  if (!has_long_replies_scheduled_ && dispatcher_.pending().has_long_replies()) {
    has_long_replies_scheduled_ = true;
    loop_.make_ready(kLongRepliesToken);
  }
}

std::optional<TimePoint> Server::next_deadline() noexcept {
  const ConnectionDeadlines& deadlines = workspace_.deadlines;
  std::optional<TimePoint> nearest;
  for (const std::optional<TimePoint>& next :
       {deadlines.first_request.next(), deadlines.frame.next(), deadlines.idle.next(),
        deadlines.write_stall.next(), deadlines.linger.next()})
    if (next && (!nearest || *next < *nearest)) nearest = next;
  return nearest;
}

template <class Kind, class Expire>
void Server::expire(DeadlineQueue<Kind>& queue, TimePoint now, Expire&& expire_one) {
  for (int n = 0; n < kMaxExpiredPerTurn; ++n) {
    DeadlineLink<Kind>* link = queue.pop_expired(now);
    if (link == nullptr) return;
    expire_one(static_cast<Connection&>(*link));
  }
}

void Server::on_deadlines(TimePoint now) noexcept {
  const auto input = [](CloseReason reason) {
    return [reason](Connection& connection) { connection.on_input_deadline(reason); };
  };
  const auto output = [](Connection& connection) { connection.on_output_deadline(); };
  ConnectionDeadlines& deadlines = workspace_.deadlines;
  expire(deadlines.first_request, now, input(CloseReason::closed_first_request));
  expire(deadlines.frame, now, input(CloseReason::closed_frame));
  expire(deadlines.idle, now, input(CloseReason::closed_idle));
  expire(deadlines.write_stall, now, output);
  expire(deadlines.linger, now, output);
}

// --- reload

void Server::on_signal(int signal) {
  if (signal == SIGHUP) {
    if (phase_ == Phase::serving) reload();  // systemd must not take a stopping daemon for ready
    return;
  }
  if (phase_ == Phase::serving) return begin_drain(signal);
  events_.record(Event::stopped_at_once, {{"signal", signal_name(signal)}});
  abort_connections();
  phase_ = Phase::stopped;
}

void Server::abort_connections() {
  connections_.for_each(
      [](Connection& connection) { connection.abort(CloseReason::closed_at_once); });
}

void Server::reload() {
  reports_.reloading();
  const LoadedConfig loaded = source_.load(handler_tables_);
  std::vector<std::string> problems = source_.describe(loaded.problems);
  if (problems.empty())
    if (std::string problem = events_.reconfigure(loaded.config.log); !problem.empty())
      problems.push_back(std::move(problem));
  if (problems.empty()) {
    report_changes(config_, loaded.config);
    config_ = merge_reloadable(config_, loaded.config, handler_tables_);
    apply(config_);
    events_.record(Event::reloaded);
  } else {
    for (const std::string& problem : problems)
      events_.record(Event::config_problem, {{"problem", problem}});
    events_.record(Event::reload_failed, {{"problems", fmt::format("{}", problems.size())}});
  }
  reports_.reloaded(problems.size());
}

void Server::report_changes(const Config& before, const Config& after) {
  for (const Change& change : changes_between(before, after, handler_tables_)) {
    const Event event =
        change.apply == Apply::reload ? Event::setting_changed : Event::setting_needs_restart;
    events_.record(event,
                   {{"path", change.path}, {"before", change.before}, {"after", change.after}});
  }
}

/// Puts in force what can be changed while connections stay.
void Server::apply(const Config& config) {
  workspace_.parser_limits = parser_limits_of(config.limits);
  workspace_.output_high_water = config.limits.output_high_water.bytes;
  ConnectionDeadlines& deadlines = workspace_.deadlines;
  deadlines.first_request.set_length(config.deadlines.first_request);
  deadlines.frame.set_length(config.deadlines.frame);
  deadlines.linger.set_length(config.deadlines.linger);
  if (deadlines.idle.length() != config.deadlines.idle) {
    deadlines.idle.set_length(config.deadlines.idle);
    connections_.for_each([](Connection& connection) { connection.restart_idle_deadline(); });
  }
  connections_.set_limits(config.server.max_connections_per_address,
                          config.limits.max_buffer_memory.bytes);
  for (const auto& listener : listeners_)
    tune_listening_socket(listener->fd(), config.deadlines.write_stall);
  if (config.deadlines.write_stall != deadlines.write_stall.length())
    connections_.for_each([&](Connection& connection) {
      set_user_timeout(connection.stream().fd(), config.deadlines.write_stall);
    });
  deadlines.write_stall.set_length(config.deadlines.write_stall);
  for (std::size_t i = 0; i < handlers_.size(); ++i)
    if (const auto settings = config.handlers.find(handler_entries_[i].name);
        settings != config.handlers.end())
      call_handler(i, "a reload",
                   [&](Handler& handler) { handler.reload(settings->second.get()); });
  apply_rules(config);
  std::vector<Setting> settings = settings_of(config, handler_tables_);
  std::sort(settings.begin(), settings.end(),
            [](const Setting& a, const Setting& b) { return a.path < b.path; });
  service_.set_settings(std::move(settings));
}

void Server::call_handler(std::size_t index, std::string_view occasion,
                          const std::function<void(Handler&)>& call) noexcept {
  std::string problem = "unknown exception";
  try {
    return call(*handlers_[index]);
  } catch (const std::exception& exception) {
    problem = exception.what();
  } catch (...) {
  }
  events_.record(Event::handler_threw, {{"handler", std::string(handler_entries_[index].name)},
                                        {"command", std::string(occasion)},
                                        {"problem", problem}});
}

void Server::apply_rules(const Config& config) {
  for (const auto& rules : rules_) {
    const auto same_name = [&](const ListenerSettings& l) { return l.name == rules->name; };
    const auto found = std::find_if(config.listeners.begin(), config.listeners.end(), same_name);
    if (found == config.listeners.end()) continue;  // gone from the file: stays until a restart
    rules->allow = found->allow;
    rules->when_full = config.server.when_full;
    rules->traits.inline_replies_resp = found->inline_replies == InlineReplies::resp;
    rules->allowed_commands = found->allow_commands;
  }
  for (const auto& listener : listeners_) listener->on_room();  // nobody waits any more, perhaps
  allow_classes();
}

/// By the addresses that are really bound: sockets that were passed have none in the configuration.
void Server::allow_classes() {
  for (const auto& rules : rules_) {
    const bool is_local =
        std::all_of(listeners_.begin(), listeners_.end(), [&](const auto& listener) {
          return &listener->rules() != rules.get() || listener->address().is_local();
        });
    rules->traits.allowed_commands = classes_of(rules->allowed_commands, is_local);
  }
}

// --- stop

void Server::begin_drain(int signal) {
  phase_ = Phase::draining;
  events_.record(Event::draining, {{"signal", signal_name(signal)}});
  reports_.stopping();
  for (const auto& listener : listeners_) listener->stop();
  for (std::size_t i = 0; i < handlers_.size(); ++i)
    call_handler(i, "the stop", [](Handler& handler) { handler.stop(); });
  connections_.for_each([](Connection& connection) { connection.drain(); });
  (void)loop_.timers().add(loop_.now() + config_.deadlines.drain, [this] { on_drain_expired(); });
}

/// One more turn, in which those that can be told why are told.
void Server::on_drain_expired() {
  connections_.for_each([](Connection& connection) {
    if (connection.is_ending()) return connection.abort(CloseReason::closed_drain_expired);
    connection.end(CloseReason::closed_drain_expired,
                   "ERR the server has stopped before the reply was ready");
  });
  // A timer that is added by a timer waits for the next turn.
  (void)loop_.timers().add(loop_.now(), [this] { phase_ = Phase::stopped; });
}

bool Server::is_done() const {
  return phase_ == Phase::stopped || (phase_ == Phase::draining && connections_.size() == 0);
}

}  // namespace reactord
