// SPDX-License-Identifier: MIT
// How connections leave for the process that follows this one (server.survive), and how those come
// in that the process before has left. Between the two they wait in the service manager's store, in
// one parcel (daemon/handover/). Without a manager: server_take_over.cpp. The rest of the server's
// end is in server_stop.cpp.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <numeric>

#include "daemon/handover/handover_state.h"
#include "daemon/handover/parcel.h"
#include "daemon/server/last_words.h"
#include "daemon/server/server.h"
#include "daemon/systemd/descriptor_store.h"

namespace reactord {

namespace {

constexpr std::string_view kParcelName = "reactord-connections";
constexpr std::string_view kTrialName = "reactord-trial";

constexpr std::string_view kNotReady =
    "ERR the server restarts, and the reply was not ready in time: connect again";
constexpr std::string_view kCannotGoOn =
    "ERR the server was restarted, and cannot go on with this connection: connect again";

/// Those that have waited for longest first: queues of deadlines are in that order, and putting one
/// behind all others takes no search.
std::vector<std::size_t> by_deadline(const std::vector<std::optional<SavedConnection>>& saved) {
  std::vector<std::size_t> order(saved.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::ranges::greater{}, [&](std::size_t i) {
    return saved[i] ? saved[i]->input_waited : SavedConnection::Milliseconds{};
  });
  return order;
}

/// As the kernel has it, unless a PROXY header has told another one.
SocketAddress peer_of(int fd, const SavedConnection& saved) {
  const SocketAddress peer = SocketAddress::peer_of(fd);
  if (peer.mapped_ip() == saved.peer_ip && peer.port() == saved.peer_port) return peer;
  return SocketAddress::mapped(saved.peer_ip, saved.peer_port);
}

/// Behind an unfinished reply they would be read as a part of it, which must not look whole either.
void say_last_words(Stream& stream, const SavedConnection& saved) {
  if (saved.output.empty())
    (void)stream.send(last_words(saved, kCannotGoOn));
  else
    stream.reset_on_close();
}

}  // namespace

// --- leaving

/// With a parcel that is empty.
void Server::try_store() {
  if (config_.server.survive == Survive::no) return;
  Parcel trial = pack({}, {});
  std::string problem = trial.problem;
  if (problem.empty()) problem = store(trial, kTrialName);
  remove_from_store(kTrialName);
  has_store_ = problem.empty();
  if (!has_store_) events_.record(Event::handover_impossible, {{"problem", problem}});
}

/// The manager says nothing where it keeps nothing: then nobody has it any more.
std::string Server::store(Parcel& parcel, std::string_view name) {
  if (std::string problem = store_descriptor(parcel.fd.get(), name); !problem.empty())
    return problem;
  UniqueFd ours = std::move(parcel.fd);
  ours.reset();
  if (!parcel.is_lost()) return {};
  return "the service manager does not keep it: set FileDescriptorStoreMax= in the service to 4";
}

std::string Server::store_for_successor(std::string_view state, std::span<const int> fds) {
  if (state.size() > kMaxStateBytes)
    return fmt::format("what belongs to them has {} bytes, and may have {}", state.size(),
                       kMaxStateBytes);
  Parcel parcel = pack(state, fds);
  return parcel.problem.empty() ? store(parcel, kParcelName) : parcel.problem;
}

/// Balancers are told nothing: for them the server does not go. New clients come in for as long as
/// others are served.
void Server::begin_handover(const std::string& request) {
  phase_ = Phase::parting;
  time_drain();
  end_pause("the server restarts");
  dispatcher_.pending().set_leaving([this](const Connection& connection) {
    return departure_.movable(connection) == Connection::Movable::yes;
  });
  stop_handlers();
  departure_.begin();
  events_.record(Event::handing_over, {{"request", request}});
  reports_.stopping();
}

void Server::go_on_handing_over() {
  const bool was_holding = departure_.is_holding();
  departure_.go_on();
  if (departure_.is_ready()) return hand_over_or_give_up();
  if (was_holding || !departure_.is_holding()) return;
  listeners_.rest();
  is_closed_to_new_ = false;
  settling_timer_ = loop_.timers().add(loop_.now() + Departure::kMaxSettling, [this] {
    settling_timer_ = 0;
    end_handover_waits();
  });
}

/// Who is to be waited for still is told so, and closed; then the others go.
void Server::end_handover_waits() {
  if (successor_) return hand_over_or_give_up();
  walks_.add_instead({.visit =
                          [this](Connection& connection) {
                            if (departure_.movable(connection) == Connection::Movable::yes) return;
                            if (connection.is_ending())
                              return connection.abort(CloseReason::closed_drain_expired);
                            connection.end(CloseReason::closed_handover, kNotReady);
                            connection.on_event({});  // sends them
                          },
                      .visits_per_turn = ConnectionWalks::kFewPerTurn,
                      .done = [this] { hand_over_or_give_up(); }});
}

void Server::hand_over_or_give_up() {
  if (!has_memory_for([&] { hand_over(); })) give_up_handover("the system has no memory for it");
}

void Server::hand_over() {
  loop_.timers().cancel(std::exchange(settling_timer_, 0));
  // First: what is on its way counts twice, and a socket that is closed here must stay open.
  stop_keeping();
  std::vector<Connection*> going;
  std::vector<int> fds;
  HandoverState state{.last_client_id = connections_.opened(), .connections = {}};
  connections_.for_each([&](Connection& connection) {
    if (departure_.movable(connection) != Connection::Movable::yes) return;
    going.push_back(&connection);
    fds.push_back(connection.stream().fd());
    dispatcher_.save(connection, state.connections.emplace_back(connection.save()));
  });
  const std::vector<int> listening = listeners_.own_sockets();
  fds.insert(fds.end(), listening.begin(), listening.end());
  const std::string problem = deliver(write_state(state), fds);
  if (!problem.empty()) return give_up_handover(problem);
  listeners_.leave();
  for (Connection* const connection : going) connections_.let_go(*connection);
  for (Connection* const connection : going) connections_.tell_gone(*connection);
  if (successor_) return stay_behind(going.size());
  events_.record(Event::handed_over, {{"count", std::to_string(going.size())},
                                      {"drained", std::to_string(departure_.drained())}});
  phase_ = Phase::stopped;
}

std::string Server::deliver(std::string_view state, std::span<const int> fds) {
  if (successor_) return give(state, fds);
  return fds.empty() ? "" : store_for_successor(state, fds);
}

/// Nothing has changed for anybody: they are drained, as without. A manager that was only slow must
/// not give them to the next process: what is asked for later it reads later.
void Server::give_up_handover(std::string_view problem) {
  if (successor_) return undo_take_over(problem);
  remove_from_store(kParcelName);
  events_.record(Event::handover_failed, {{"problem", std::string(problem)}});
  call_off_handover();
}

void Server::call_off_handover() {
  if (const auto successor = std::exchange(successor_, nullptr)) {
    successor->refuse("the daemon stops");
    time_drain();
  }
  stop_keeping();
  loop_.timers().cancel(std::exchange(settling_timer_, 0));
  departure_.call_off();
  dispatcher_.pending().set_leaving(nullptr);
  have_handlers_stopped_ = false;  // what was to go along is to be answered now
  phase_ = Phase::draining;
  is_closed_to_new_ = false;
}

// --- coming in

UniqueFd Server::take_parcel(std::vector<PassedSocket>& passed) {
  UniqueFd parcel;
  std::erase_if(passed, [&](PassedSocket& socket) {
    if (socket.name == kTrialName) return true;
    if (socket.name != kParcelName) return false;
    parcel = std::move(socket.fd);
    return true;
  });
  return parcel;
}

/// This process does not start: the next try finds them again.
void Server::give_back(const Inheritance& inherited) {
  if (!inherited.is_there || inherited.connections.empty()) return;
  std::vector<int> fds;
  for (const UniqueFd& fd : inherited.connections) fds.push_back(fd.get());
  remove_from_store(kParcelName);
  if (const std::string problem = store_for_successor(inherited.bytes, fds); !problem.empty())
    events_.record(Event::handover_failed, {{"problem", problem}});
}

void Server::take_over(Inheritance inherited) {
  if (!inherited.is_there) return;
  if (!inherited.problem.empty())
    events_.record(Event::handover_damaged, {{"problem", inherited.problem}});
  const auto& saved = inherited.state.connections;
  connections_.begin_behind(inherited.state.last_client_id);
  std::size_t resumed = 0;
  for (const std::size_t i : by_deadline(saved))
    if (i < inherited.connections.size() && resume(std::move(inherited.connections[i]), saved[i]))
      ++resumed;
  reports_.took_over(resumed);
  events_.record(Event::taken_over, {{"count", std::to_string(resumed)},
                                     {"lost", std::to_string(saved.size() - resumed)}});
  remove_from_store(kParcelName);
}

bool Server::resume(UniqueFd fd, const std::optional<SavedConnection>& saved) {
  const auto refuse_stream = [&](Stream& stream, std::string_view problem) {
    events_.record(Event::not_resumed,
                   {{"peer", stream.peer()}, {"problem", std::string(problem)}});
    if (saved) say_last_words(stream, *saved);
  };
  const auto refuse = [&](std::string_view problem) {
    const SocketAddress peer = saved ? peer_of(fd.get(), *saved) : SocketAddress::peer_of(fd.get());
    SocketStream stream(std::move(fd), peer);
    refuse_stream(stream, problem);
    return false;
  };
  if (!saved) return refuse("its state is damaged");
  const ListenerRules* const rules = listeners_.rules_for(*saved);
  if (rules == nullptr)
    return refuse(fmt::format("there is no listener {} of its kind any more", saved->listener));
  if (connections_.is_full(rules->policy)) return refuse("max_connections reached");
  const SocketAddress peer = peer_of(fd.get(), *saved);
  const auto on_refused = [&](Stream& stream) {
    refuse_stream(stream,
                  fmt::format("epoll_ctl: {}", std::strerror(connections_.why_not_opened())));
  };
  if (!connections_.resume(std::move(fd), peer, rules->policy, *saved, on_refused)) return false;
  Connection* const connection = connections_.find_client(saved->client_id);
  if (connection == nullptr || connection->is_ending()) return false;
  const std::string problem = dispatcher_.restore(*connection, *saved);
  if (problem.empty()) return true;
  events_.record(Event::not_resumed, {{"peer", connection->stream().peer()}, {"problem", problem}});
  connection->end(CloseReason::closed_handover, kCannotGoOn);
  return false;
}

}  // namespace reactord
