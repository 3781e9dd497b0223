// SPDX-License-Identifier: MIT
#include "daemon/connection/connection_table.h"

#include "daemon/connection/snapshot/saved_connection.h"

#include <algorithm>
#include <bit>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/probes/probes.h"
#include "daemon/reactor/out_of_memory.h"

namespace reactord {

namespace {

/// The share of all memory that an admin connection may hold before it is weighed like a client's:
/// 1 MiB of the default's 256. Enough for the answers to its commands, and small enough that a few
/// administrators cost no client its connection.
constexpr std::size_t kAdminShare = 256;

/// Each may take a send, and all of them one look at every connection.
constexpr std::size_t kMaxEvictionsPerTurn = 16;
/// Closing a socket takes the kernel some 8 microseconds, in a virtual machine twice that: half a
/// millisecond in all.
constexpr std::size_t kMaxDestroyedPerTurn = 32;
/// Long enough for others to give memory back.
constexpr auto kTryLater = std::chrono::milliseconds(100);
/// Last words, a FIN and a line in the log.
constexpr WorkUnits kEndWork = work_units(std::chrono::microseconds(15));
/// Last words, which are under way: whoever holds no more than that is not in the way.
constexpr std::size_t kLastWordsBytes = 4u << 10;

}  // namespace

ConnectionTable::ConnectionTable(EventLoop& loop, EventLog& events, TableSize size)
    : loop_(loop),
      events_(events),
      capacity_(size),
      slots_(size.clients + size.admins),
      slot_of_client_(std::bit_ceil(size.clients + size.admins)) {}

void ConnectionTable::set_limits(std::int64_t max_per_address, std::size_t max_buffer_bytes) {
  max_buffer_bytes_ = max_buffer_bytes;
  const bool was_counting = max_per_address_ > 0;
  max_per_address_ = max_per_address;
  if (max_per_address_ == 0) per_address_.clear();
  if (max_per_address_ > 0 && !was_counting) recount_addresses();
}

void ConnectionTable::set_max_clients(std::uint32_t clients) {
  const bool has_more_room = clients > capacity_.clients;
  capacity_.clients = clients;
  slots_.raise_capacity(clients + capacity_.admins);
  if (has_more_room && on_room_) on_room_();
}

Admission ConnectionTable::admit(const SocketAddress& peer, const ListenerPolicy& policy) const {
  if (is_full(policy)) return Admission::full;
  if (max_per_address_ > 0 && peer.is_ip() && !policy.is_admin) {
    const auto found = per_address_.find(key_of(peer.mapped_ip()));
    if (found != per_address_.end() && found->second >= max_per_address_)
      return Admission::too_many_from_address;
  }
  const LoginGate* const gate = policy.loop_context.gate;
  if (policy.requirement != Requirement::nothing && gate != nullptr && !gate->has_room_for(peer))
    return Admission::too_many_to_log_in;
  return Admission::admitted;
}

/// One that has not entered leaves nothing behind.
template <class Enter>
bool ConnectionTable::survives(Connection& connection, Enter&& enter) {
  try {
    if (enter()) return true;
  } catch (...) {
    slots_.erase(connection.id());
    throw;
  }
  slots_.erase(connection.id());
  return false;
}

bool ConnectionTable::enter_or_erase(Connection& connection, IsWatched is_watched) {
  const bool has_entered =
      survives(connection, [&] { return enter(connection, is_watched, Event::connected); });
  // What came before the stream may have left input in it, of which no edge tells.
  if (has_entered && is_watched == IsWatched::yes) connection.look_at_socket();
  return has_entered;
}

bool ConnectionTable::resume(UniqueFd fd, const SocketAddress& peer, const ListenerPolicy& policy,
                             const SavedConnection& saved, const OnRefused& on_refused) {
  make_room_to_close();
  begin_behind(saved.client_id);
  Connection& connection = slots_.emplace(saved.client_id, policy, std::in_place_type<SocketStream>,
                                          std::move(fd), peer);
  const bool has_entered = survives(connection, [&] {
    if (!enter(connection, IsWatched::no, Event::resumed)) {
      on_refused(connection.stream());
      return false;
    }
    connection.restore(saved);
    return true;
  });
  if (has_entered && !saved.user.empty() && !connection.is_ending())
    resume_user(connection, saved.user);
  return has_entered;
}

/// Without users there is nobody that it could be.
void ConnectionTable::resume_user(Connection& connection, const std::string& user) {
  if (LoginGate* const gate = connection.policy().loop_context.gate)
    return gate->on_resume(connection, user);
  connection.end(CloseReason::closed_user_gone,
                 "NOAUTH the user that you have logged in as was removed",
                 "there are no users any more, and it was " + user);
}

bool ConnectionTable::enter(Connection& connection, IsWatched is_watched, Event how) {
  note_client(connection);
  const int fd = connection.stream().fd();
  const Priority priority = priority_of(connection.policy());
  const std::error_code problem = is_watched == IsWatched::yes
                                      ? loop_.rename(fd, connection.id(), priority)
                                      : loop_.watch(fd, connection.id(), priority);
  if (problem) {
    why_not_opened_ = problem.value();
    return false;
  }
  REACTORD_PROBE_OPEN(connection.client_id(), fd, connection.policy().is_admin);
  count(connection, +1);
  events_.count(how);
  if (events_.wants(how))
    (void)has_memory_for([&] {
      events_.log(how, {{"peer", connection.stream().peer()},
                        {"client", std::to_string(connection.client_id())}});
    });
  if (LoginGate* const gate = connection.policy().loop_context.gate) gate->on_open(connection);
  return true;
}

void ConnectionTable::make_room_to_close() {
  if (closed_.capacity() <= slots_.size()) closed_.reserve(2 * closed_.capacity() + 64);
}

/// Whoever could not be served again would hang.
void ConnectionTable::make_ready(Connection& connection) noexcept {
  if (!has_memory_for([&] { loop_.make_ready(connection.id(), priority_of(connection.policy())); }))
    connection.abort(CloseReason::closed_out_of_memory);
}

void ConnectionTable::try_later(Connection& connection) noexcept {
  const bool is_noted = has_memory_for([&] {
    events_.record(Event::out_of_memory, {{"what", "what a client sends, or is sent"}});
    if (tried_later_.empty()) loop_.timers().add(now() + kTryLater, [this] { try_again(); });
    tried_later_.insert(connection.id());
  });
  if (!is_noted) connection.abort(CloseReason::closed_out_of_memory);
}

void ConnectionTable::try_again() noexcept {
  for (const SlotId id : std::exchange(tried_later_, {}))
    if (Connection* const connection = find(id); connection && !connection->is_closed())
      connection->try_again();
}

void ConnectionTable::note_client(Connection& connection) {
  const std::size_t place = connection.client_id() & (slot_of_client_.size() - 1);
  const std::uint32_t before = slot_of_client_[place];
  slot_of_client_[place] = static_cast<std::uint32_t>(connection.id());
  const Connection* older = slots_.at_slot(before);
  if (older == nullptr || older == &connection) return;
  if ((older->client_id() & (slot_of_client_.size() - 1)) == place)
    older_clients_.emplace(older->client_id(), before);
}

Connection* ConnectionTable::find_client(std::uint64_t client_id) {
  Connection* likely = slots_.at_slot(slot_of_client_[client_id & (slot_of_client_.size() - 1)]);
  if (likely != nullptr && likely->client_id() == client_id) return likely;
  const auto older = older_clients_.find(client_id);
  return older == older_clients_.end() ? nullptr : slots_.at_slot(older->second);
}

void ConnectionTable::on_end(Connection& connection, CloseReason reason,
                             std::string_view detail) noexcept {
  loop_.charge(kEndWork);
  tell_gone(connection);
  const Event event = event_of(reason);
  REACTORD_PROBE_CLOSE(connection.client_id(), spec_of(event).name.data(),
                       connection.bytes_received(), connection.bytes_sent());
  events_.count(event);
  if (events_.wants(event)) (void)has_memory_for([&] { log_end(connection, event, detail); });
}

/// A socket with another holder would wake us (epoll(7), question 6).
void ConnectionTable::let_go(Connection& connection) noexcept {
  loop_.forget(connection.stream().fd());
  connection.let_go();
}

void ConnectionTable::tell_gone(Connection& connection) noexcept {
  if (observer_ != nullptr) observer_->on_connection_end(connection);
  if (LoginGate* const gate = connection.policy().loop_context.gate) gate->on_end(connection);
}

void ConnectionTable::log_end(Connection& connection, Event event, std::string_view detail) {
  const std::string* last = connection.last_command();
  const std::string command = last == nullptr ? "" : *last;
  // {problem}, {protocol} and {bytes}: each message names at most one of them.
  events_.log(event, {{"peer", connection.stream().peer()},
                      {"client", std::to_string(connection.client_id())},
                      {spec_of(event).detail(), std::string(detail)},
                      {"command", command, true}});
}

bool ConnectionTable::end_turn() {
  const bool has_evicted = is_short_of_memory() && evict_some();
  if (!closed_.empty()) destroy_some();
  return !closed_.empty() || (has_evicted && is_short_of_memory());
}

/// The few that hold the most, largest first: one look at all, however many must go. An
/// administrator who holds little is the last to go, since somebody must be able to look when
/// memory is short, and so is one who asked for it (CLIENT NO-EVICT).
std::vector<ConnectionTable::Holder> ConnectionTable::largest_holders() {
  const auto is_larger = [](const Holder& a, const Holder& b) {
    return std::pair(!a.is_spared, a.bytes) > std::pair(!b.is_spared, b.bytes);
  };
  std::vector<Holder> largest;  // a heap with the least of them in front
  for_each([&](Connection& connection) {
    const std::size_t bytes = connection.buffer_bytes();
    if (bytes == 0 || (connection.is_ending() && bytes <= kLastWordsBytes)) return;
    const Holder holder{
        .is_spared = (connection.policy().is_admin && bytes <= max_buffer_bytes_ / kAdminShare) ||
                     connection.session().is_no_evict(),
        .bytes = bytes,
        .connection = &connection};
    if (largest.size() == kMaxEvictionsPerTurn) {
      if (!is_larger(holder, largest.front())) return;
      std::pop_heap(largest.begin(), largest.end(), is_larger);
      largest.pop_back();
    }
    largest.push_back(holder);
    std::push_heap(largest.begin(), largest.end(), is_larger);
  });
  std::sort_heap(largest.begin(), largest.end(), is_larger);
  return largest;
}

/// False if nobody is left who could go.
bool ConnectionTable::evict_some() {
  const std::vector<Holder> holders = largest_holders();
  for (const Holder& holder : holders) {
    if (!is_short_of_memory()) break;
    evict(*holder.connection);
  }
  return !holders.empty();
}

/// A client that holds unread replies is cut off; one that holds a long request is told.
void ConnectionTable::evict(Connection& connection) {
  const std::string held = std::to_string(connection.buffer_bytes());
  if (connection.output_bytes() > connection.input_bytes())
    connection.abort(CloseReason::closed_memory, held);
  else
    connection.end(CloseReason::closed_memory,
                   "ERR out of buffer memory: the request was too large for a busy server", held);
}

void ConnectionTable::destroy_some() {
  const std::size_t some = std::min(closed_.size(), kMaxDestroyedPerTurn);
  for (std::size_t i = 0; i < some; ++i) {
    Connection* connection = slots_.find(closed_[i]);
    if (connection == nullptr) continue;
    count(*connection, -1);
    if (!older_clients_.empty()) older_clients_.erase(connection->client_id());
    if (ConnectionNotes* const notes = connection->policy().loop_context.notes)
      notes->forget(*connection);
    slots_.erase(closed_[i]);
  }
  closed_.erase(closed_.begin(), closed_.begin() + static_cast<std::ptrdiff_t>(some));
  if (on_room_) on_room_();
}

std::size_t ConnectionTable::AddressHash::operator()(const AddressKey& key) const noexcept {
  const std::string_view bytes(reinterpret_cast<const char*>(key.data()), key.size());
  return std::hash<std::string_view>{}(bytes);
}

ConnectionTable::AddressKey ConnectionTable::key_of(std::array<std::uint8_t, 16> mapped_ip) {
  const bool is_ipv4 = std::all_of(mapped_ip.begin(), mapped_ip.begin() + 10,
                                   [](std::uint8_t byte) { return byte == 0; }) &&
                       mapped_ip[10] == 0xff && mapped_ip[11] == 0xff;
  if (!is_ipv4) std::fill(mapped_ip.begin() + 8, mapped_ip.end(), std::uint8_t{0});
  return mapped_ip;
}

void ConnectionTable::count(Connection& connection, int change) {
  count_address(connection, change);
  const ListenerPolicy& policy = connection.policy();
  policy.connections += static_cast<std::uint32_t>(change);
  if (policy.limiter != nullptr) policy.limiter->count(connection, change);
  if (connection.policy().is_admin) admins_ += static_cast<std::uint32_t>(change);
}

void ConnectionTable::count_held(const ListenerPolicy& policy, int change) {
  policy.connections += static_cast<std::uint32_t>(change);
  (policy.is_admin ? held_.admins : held_.clients) += static_cast<std::uint32_t>(change);
}

void ConnectionTable::count_address(Connection& connection, int change) {
  if (max_per_address_ == 0 || connection.policy().is_admin) return;
  const AddressKey key = key_of(connection.stream().peer_ip());
  if (change > 0) {
    ++per_address_[key];
  } else if (const auto found = per_address_.find(key); found != per_address_.end()) {
    if (--found->second <= 0) per_address_.erase(found);
  }
}

void ConnectionTable::recount_addresses() {
  per_address_.clear();
  for_each([this](Connection& connection) { count_address(connection, +1); });
}

}  // namespace reactord
