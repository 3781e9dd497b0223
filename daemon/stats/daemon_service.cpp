// SPDX-License-Identifier: MIT
#include "daemon/stats/daemon_service.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "daemon/net/peer_process.h"

namespace reactord {

namespace {

/// Of the process that has connected, where the kernel knows it (unix(7)).
void describe_peer(int fd, ClientFacts& facts) {
  const std::optional<PeerProcess> peer = peer_process_of(fd);
  facts.peer_pid = facts.peer_uid = -1;
  if (!peer || peer->pid == 0) return;
  facts.peer_pid = peer->pid;
  facts.peer_uid = peer->uid;
}

/// Views into the connection: valid until it goes.
void describe(Connection& connection, const ErrorStats& errors, ClientFacts& facts) {
  Session& session = connection.session();
  facts.id = connection.client_id();
  facts.peer = connection.stream().peer();
  facts.fd = connection.stream().fd();
  const std::string* listener = connection.policy().listener;
  facts.listener = listener == nullptr ? std::string_view() : *listener;
  describe_peer(facts.fd, facts);
  facts.local = SocketAddress::local_of(facts.fd).to_string();
  facts.user = session.has_principal() ? session.user() : "default";
  facts.name = session.name();
  facts.library_name = session.library_name();
  facts.library_version = session.library_version();
  facts.age = connection.age();
  facts.idle = connection.idle();
  facts.protocol = session.protocol();
  facts.input_bytes = connection.input_bytes();
  facts.output_bytes = connection.output_bytes();
  facts.memory_bytes = sizeof(Connection) + connection.buffer_bytes();
  facts.pending = connection.is_pending();
  facts.subscribed = connection.is_subscribed();
  facts.closing = connection.is_ending();
  facts.commands = connection.commands();
  facts.bytes_received = connection.bytes_received();
  facts.bytes_sent = connection.bytes_sent();
  const std::string* last = connection.last_command();
  facts.last_command = last == nullptr ? "NULL" : *last;
  using std::chrono::duration_cast, std::chrono::microseconds;
  const ClientFigures& figures = connection.figures();
  facts.worked = duration_cast<microseconds>(figures.work());
  facts.latency = figures.latency();
  facts.longest_latency = duration_cast<microseconds>(figures.longest_latency());
  facts.latest_error = errors.code_of(figures.latest_error());
}

}  // namespace

DaemonService::DaemonService(EventLoop& loop, ConnectionTable& connections,
                             const ClientLimits& limits, Dispatcher& dispatcher,
                             const CommandTable& commands, EventLog& events, WorkerPool& workers,
                             HandlerWatches& watches, Logins& logins,
                             const ListenerLatency& latencies, ServerControl& server)
    : loop_(loop),
      connections_(connections),
      limits_(limits),
      dispatcher_(dispatcher),
      commands_(commands),
      events_(events),
      workers_(workers),
      timers_(loop, dispatcher.guard()),
      tasks_(workers, dispatcher.guard(), events),
      watches_(watches),
      logins_(logins),
      latencies_(latencies),
      server_(server),
      diagnostics_(commands, dispatcher),
      started_(loop.now()) {}

void DaemonService::set_setting(std::string_view path, std::optional<std::string> value) {
  const auto at = std::lower_bound(
      settings_.begin(), settings_.end(), path,
      [](const Setting& setting, std::string_view wanted) { return setting.path < wanted; });
  const bool exists = at != settings_.end() && at->path == path;
  if (!value) {
    if (exists) settings_.erase(at);
  } else if (exists) {
    at->value = std::move(*value);
  } else {
    settings_.insert(at, {std::string(path), std::move(*value)});
  }
}

void DaemonService::log(HandlerLogLevel level, std::string_view handler, std::string_view message) {
  if (level == HandlerLogLevel::off) return;
  events_.record(handler_event(level),
                 {{"handler", std::string(handler)}, {"message", std::string(message)}});
}

bool DaemonService::next_client(std::uint32_t& cursor, ClientFacts& facts) const {
  while (cursor < connections_.slots_used()) {
    Connection* connection = connections_.at_slot(cursor++);
    if (connection == nullptr || connection->is_closed()) continue;
    describe(*connection, dispatcher_.errors(), facts);
    return true;
  }
  return false;
}

bool DaemonService::find_client(std::uint64_t id, ClientFacts& facts) const {
  Connection* connection = connections_.find_client(id);
  if (connection == nullptr || connection->is_closed()) return false;
  describe(*connection, dispatcher_.errors(), facts);
  return true;
}

bool DaemonService::kill_client(std::uint64_t id) {
  Connection* connection = connections_.find_client(id);
  if (connection == nullptr || connection->is_ending()) return false;
  connection->end(CloseReason::closed_killed, "ERR closed by CLIENT KILL");
  return true;
}

}  // namespace reactord
