// SPDX-License-Identifier: MIT
// Owns the connections, in a bounded table, and what belongs to all of them together: how many
// there may be, of clients, of administrators and per client address, and how much memory they
// hold. Closing only queues; what has ended is destroyed at the end of the turn.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "config/config.h"
#include "daemon/connection/connection.h"
#include "daemon/log/event_log.h"
#include "daemon/net/listening_socket.h"
#include "daemon/reactor/event_loop.h"
#include "daemon/reactor/slot_table.h"

namespace reactord {

enum class Admission : std::uint8_t { admitted, full, too_many_from_address, too_many_to_log_in };

/// How many connections there may be. Neither kind takes the other's slots.
struct TableSize {
  std::uint32_t clients = 0;
  std::uint32_t admins = 0;  ///< connections of admin listeners
};

/// Told what happens to connections for which something may wait.
class ConnectionObserver {
 public:
  virtual ~ConnectionObserver() = default;
  /// It stops serving: what waits for it can be given up.
  virtual void on_connection_end(Connection& connection) noexcept = 0;
  /// As ConnectionHost has them.
  virtual void on_peer_finished(Connection& connection) noexcept = 0;
  virtual void on_receipt(Connection& connection, bool arrived) noexcept = 0;
};

/// Whether the loop has watched a descriptor, under another token, before it becomes a
/// connection's.
enum class IsWatched : bool { no, yes };

class ConnectionTable final : public ConnectionHost {
 public:
  ConnectionTable(EventLoop& loop, EventLog& events, TableSize size);

  void set_observer(ConnectionObserver& observer) { observer_ = &observer; }
  /// Called at the end of a turn in which connections have gone.
  void set_on_room(std::function<void()> on_room) { on_room_ = std::move(on_room); }
  /// The limits that a reload may change; `max_per_address` of 0 is no limit. Connections of admin
  /// listeners are not counted in it.
  void set_limits(std::int64_t max_per_address, std::size_t max_buffer_bytes);
  /// Whoever is connected stays, also above it. Tells at once if there is more room.
  void set_max_clients(std::uint32_t clients);

  /// While it is on, clients are refused; administrators are not.
  void set_draining(bool is_draining) { is_draining_ = is_draining; }
  [[nodiscard]] bool is_draining() const { return is_draining_; }

  // --- connections ---
  [[nodiscard]] Admission admit(const SocketAddress& peer, const ListenerPolicy& policy) const;
  /// Opens a connection that was admitted and lets the loop watch it; false if the kernel refuses
  /// to. Throws std::bad_alloc, and has opened none then.
  [[nodiscard]] bool open(UniqueFd fd, const SocketAddress& peer, const ListenerPolicy& policy) {
    return open_on(policy, IsWatched::no, std::in_place_type<SocketStream>, std::move(fd), peer);
  }
  /// The same on another stream, made in its place (in_place.h) from `kind` and `args`.
  template <class Kind, class... Args>
  [[nodiscard]] bool open_on(const ListenerPolicy& policy, IsWatched is_watched, Kind kind,
                             Args&&... args) {
    make_room_to_close();
    return enter_or_erase(
        slots_.emplace(++last_client_id_, policy, kind, std::forward<Args>(args)...), is_watched);
  }
  /// The errno of the latest that was not: of the loop, which cannot watch it.
  [[nodiscard]] int why_not_opened() const { return why_not_opened_; }
  /// Opens one that another process has served before, with its number and all that was saved of
  /// it. There must be room (is_full()). As open(); where the loop cannot watch it
  /// (why_not_opened()), `on_refused` may still say something to its client.
  using OnRefused = std::function<void(Stream&)>;
  [[nodiscard]] bool resume(UniqueFd fd, const SocketAddress& peer, const ListenerPolicy& policy,
                            const SavedConnection& saved, const OnRefused& on_refused);
  /// New ones have numbers above this one from now on.
  void begin_behind(std::uint64_t client_id) {
    last_client_id_ = std::max(last_client_id_, client_id);
  }
  /// Keeps a slot of the policy's kind free for somebody who is on the way to a connection, and the
  /// policy alive.
  void hold_slot(const ListenerPolicy& policy) { count_held(policy, +1); }
  void release_slot(const ListenerPolicy& policy) { count_held(policy, -1); }
  [[nodiscard]] Connection* find(SlotId id) { return slots_.find(id); }
  [[nodiscard]] Connection* at_slot(std::uint32_t slot) { return slots_.at_slot(slot); }
  [[nodiscard]] std::uint32_t slots_used() const { return slots_.slots_used(); }
  /// By the number that CLIENT ID tells; null if it has gone.
  [[nodiscard]] Connection* find_client(std::uint64_t client_id);
  template <class Visit>
  void for_each(Visit&& visit) {
    for (std::uint32_t slot = 0; slot < slots_.slots_used(); ++slot)
      if (Connection* connection = slots_.at_slot(slot); connection && !connection->is_closed())
        visit(*connection);
  }

  /// Its socket is somebody else's from now on, and stays as it is.
  void let_go(Connection& connection) noexcept;
  /// Whatever its observers do about it reaches nobody any more.
  void tell_gone(Connection& connection) noexcept;

  /// Destroys what has ended, and closes the largest holders where all together hold more than they
  /// may: some of them in each turn. True if there is more to do, and no event will tell.
  bool end_turn();

  /// A client's address; the /64 of an IPv6 address, since that is what one subscriber gets (RFC
  /// 6177).
  using AddressKey = std::array<std::uint8_t, 16>;
  struct AddressHash {
    std::size_t operator()(const AddressKey& key) const noexcept;
  };
  [[nodiscard]] static AddressKey key_of(std::array<std::uint8_t, 16> mapped_ip);

  // --- statistics ---
  [[nodiscard]] bool is_empty() const { return slots_.size() == 0; }
  [[nodiscard]] TableSize used() const { return {slots_.size() - admins_, admins_}; }
  [[nodiscard]] TableSize capacity() const { return capacity_; }
  /// Whether a connection of that kind finds no slot.
  [[nodiscard]] bool is_full(const ListenerPolicy& policy) const {
    return policy.is_admin ? used().admins + held_.admins >= capacity_.admins
                           : used().clients + held_.clients >= capacity_.clients;
  }
  /// Slots that are kept free for those on their way.
  [[nodiscard]] TableSize held() const { return held_; }
  [[nodiscard]] std::uint64_t opened() const { return last_client_id_; }
  [[nodiscard]] std::size_t buffer_bytes() const { return buffer_bytes_; }

  // --- ConnectionHost ---
  [[nodiscard]] TimePoint now() const noexcept override { return loop_.now(); }
  void make_ready(Connection& connection) noexcept override;
  void try_later(Connection& connection) noexcept override;
  void on_end(Connection& connection, CloseReason reason,
              std::string_view detail) noexcept override;
  void on_peer_finished(Connection& connection) noexcept override {
    if (observer_ != nullptr) observer_->on_peer_finished(connection);
  }
  void on_receipt(Connection& connection, bool arrived) noexcept override {
    if (observer_ != nullptr) observer_->on_receipt(connection, arrived);
  }
  void on_closed(Connection& connection) noexcept override { closed_.push_back(connection.id()); }
  void on_memory_change(std::ptrdiff_t bytes) noexcept override {
    buffer_bytes_ = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(buffer_bytes_) + bytes);
  }

 private:
  [[nodiscard]] bool enter_or_erase(Connection& connection, IsWatched is_watched);
  template <class Enter>
  [[nodiscard]] bool survives(Connection& connection, Enter&& enter);
  [[nodiscard]] bool enter(Connection& connection, IsWatched is_watched, Event how);
  static void resume_user(Connection& connection, const std::string& user);
  void count_held(const ListenerPolicy& policy, int change);
  void log_end(Connection& connection, Event event, std::string_view detail);
  void count(Connection& connection, int change);
  void count_address(Connection& connection, int change);
  void recount_addresses();
  struct Holder {
    bool is_spared;
    std::size_t bytes;
    Connection* connection;
  };
  [[nodiscard]] bool is_short_of_memory() const {
    return max_buffer_bytes_ > 0 && buffer_bytes_ > max_buffer_bytes_;
  }
  [[nodiscard]] std::vector<Holder> largest_holders();
  [[nodiscard]] bool evict_some();
  static void evict(Connection& connection);
  void destroy_some();
  void make_room_to_close();
  void try_again() noexcept;
  void note_client(Connection& connection);

  EventLoop& loop_;
  EventLog& events_;
  TableSize capacity_;
  SlotTable<Connection> slots_;
  std::uint32_t admins_ = 0;  ///< of the slots in use
  TableSize held_;
  bool is_draining_ = false;
  std::vector<SlotId> closed_;  ///< has room for all that are open: closing wants no memory
  std::unordered_set<SlotId> tried_later_;  ///< in kTryLater
  ConnectionObserver* observer_ = nullptr;
  std::function<void()> on_room_;
  std::int64_t max_per_address_ = 0;
  std::size_t max_buffer_bytes_ = 0;
  std::size_t buffer_bytes_ = 0;
  std::uint64_t last_client_id_ = 0;
  int why_not_opened_ = 0;
  /// The latest slot of each client id modulo its size: one look for all but the longest-lived
  /// clients, who have moved to older_clients_.
  std::vector<std::uint32_t> slot_of_client_;
  std::unordered_map<std::uint64_t, std::uint32_t> older_clients_;
  /// Kept only while there is a limit: it costs memory for every address.
  std::unordered_map<AddressKey, std::int64_t, AddressHash> per_address_;
};

}  // namespace reactord
