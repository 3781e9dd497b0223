// SPDX-License-Identifier: MIT
#include "daemon/connection/connection_table.h"

#include <algorithm>
#include <bit>
#include <string>
#include <string_view>
#include <utility>

namespace reactord {

namespace {

/// The share of all memory that an admin connection may hold before it is weighed like a client's:
/// 1 MiB of the default's 256. Enough for the answers to its commands, and small enough that a few
/// administrators cost no client its connection.
constexpr std::size_t kAdminShare = 256;

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

Admission ConnectionTable::admit(const SocketAddress& peer, const ListenerPolicy& policy) const {
  if (is_full(policy)) return Admission::full;
  if (max_per_address_ > 0 && peer.is_ip() && !policy.is_admin) {
    const auto found = per_address_.find(key_of(peer.mapped_ip()));
    if (found != per_address_.end() && found->second >= max_per_address_)
      return Admission::too_many_from_address;
  }
  return Admission::admitted;
}

bool ConnectionTable::open(UniqueFd fd, const SocketAddress& peer, const ListenerPolicy& policy) {
  const int borrowed = fd.get();
  Connection& connection = slots_.emplace(++last_client_id_, policy,
                                          std::in_place_type<SocketStream>, std::move(fd), peer);
  if (loop_.watch(borrowed, connection.id())) {
    slots_.erase(connection.id());
    return false;
  }
  slot_of_client_[connection.client_id() & (slot_of_client_.size() - 1)] =
      static_cast<std::uint32_t>(connection.id());
  count(connection, +1);
  events_.count(Event::connected);
  if (events_.wants(Event::connected))
    events_.log(Event::connected, {{"peer", connection.stream().peer()},
                                   {"client", std::to_string(connection.client_id())}});
  return true;
}

Connection* ConnectionTable::find_client(std::uint64_t client_id) {
  const auto is_meant = [client_id](const Connection* connection) {
    return connection != nullptr && connection->client_id() == client_id;
  };
  Connection* likely = slots_.at_slot(slot_of_client_[client_id & (slot_of_client_.size() - 1)]);
  if (is_meant(likely)) return likely;
  for (std::uint32_t slot = 0; slot < slots_.slots_used(); ++slot)
    if (is_meant(slots_.at_slot(slot))) return slots_.at_slot(slot);
  return nullptr;
}

void ConnectionTable::on_end(Connection& connection, CloseReason reason,
                             std::string_view detail) noexcept {
  if (observer_ != nullptr) observer_->on_connection_end(connection);
  const Event event = event_of(reason);
  events_.count(event);
  if (!events_.wants(event)) return;
  const std::string* last = connection.last_command();
  const std::string command = last == nullptr ? "" : *last;
  // {problem}, {protocol} and {bytes}: each message names at most one of them.
  events_.log(event, {{"peer", connection.stream().peer()},
                      {"client", std::to_string(connection.client_id())},
                      {spec_of(event).detail(), std::string(detail)},
                      {"command", command, true}});
}

void ConnectionTable::end_turn() {
  while (max_buffer_bytes_ > 0 && buffer_bytes_ > max_buffer_bytes_ && evict_largest()) continue;
  if (!closed_.empty()) destroy_closed();
}

/// An administrator who holds little is the last to go, since somebody must be able to look when
/// memory is short, and so is one who asked for it (CLIENT NO-EVICT). Null if nobody holds
/// anything.
Connection* ConnectionTable::largest_holder() {
  const auto weight = [this](Connection& connection) {
    const std::size_t bytes = connection.buffer_bytes();
    const bool holds_little =
        connection.policy().is_admin && bytes <= max_buffer_bytes_ / kAdminShare;
    return std::pair(!holds_little && !connection.session().is_no_evict(), bytes);
  };
  Connection* largest = nullptr;
  for_each([&](Connection& connection) {
    if (connection.buffer_bytes() == 0) return;
    if (largest == nullptr || weight(connection) > weight(*largest)) largest = &connection;
  });
  return largest;
}

/// A client that holds unread replies is cut off; one that holds a long request is told. False if
/// that freed nothing: another try would not either.
bool ConnectionTable::evict_largest() {
  const std::size_t before = buffer_bytes_;
  Connection* largest = largest_holder();
  if (largest == nullptr) return false;
  const std::string held = std::to_string(largest->buffer_bytes());
  if (largest->output_bytes() > largest->input_bytes())
    largest->abort(CloseReason::closed_memory, held);
  else
    largest->end(CloseReason::closed_memory,
                 "ERR out of buffer memory: the request was too large for a busy server", held);
  return buffer_bytes_ < before;
}

void ConnectionTable::destroy_closed() {
  for (const SlotId id : closed_) {
    if (Connection* connection = slots_.find(id)) count(*connection, -1);
    slots_.erase(id);
  }
  closed_.clear();
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
  connection.policy().connections += static_cast<std::uint32_t>(change);
  if (connection.policy().is_admin) admins_ += static_cast<std::uint32_t>(change);
  count_address(connection, change);
}

void ConnectionTable::count_address(Connection& connection, int change) {
  if (max_per_address_ == 0 || connection.policy().is_admin) return;
  const AddressKey key = key_of(connection.stream().peer_ip());
  if ((per_address_[key] += change) <= 0) per_address_.erase(key);
}

void ConnectionTable::recount_addresses() {
  per_address_.clear();
  for_each([this](Connection& connection) { count_address(connection, +1); });
}

}  // namespace reactord
