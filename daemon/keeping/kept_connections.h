// SPDX-License-Identifier: MIT
// Connections that are kept for whatever process follows this one, should it not end in order
// (server.survive = "crash"): those that are older than a second, with what is known of them
// (kept_table.h) and their sockets (kept_queue.h). Who keeps the queue's other end, and what
// becomes of what is found there, is the server's.
//
// A descriptor in a queue keeps its socket open. So a connection that ends is shut down, and when
// the greater part of what waits is of such, or one is to end by a reset, the queue is thinned: the
// oldest messages go, and who lives is put behind the others once more, some in each turn of the
// loop.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "daemon/connection/connection_table.h"
#include "daemon/connection/snapshot/connection_notes.h"
#include "daemon/keeping/kept_queue.h"
#include "daemon/keeping/kept_table.h"
#include "daemon/log/event_log.h"

namespace reactord {

class KeptConnections final : public ConnectionNotes {
 public:
  /// How often look() is to be called.
  static constexpr auto kRound = std::chrono::seconds(1);

  KeptConnections(ConnectionTable& connections, EventLoop& loop, EventLog& events,
                  LoopContext& loop_context)
      : connections_(connections), loop_(loop), events_(events), loop_context_(loop_context) {}
  KeptConnections(const KeptConnections&) = delete;
  KeptConnections& operator=(const KeptConnections&) = delete;
  ~KeptConnections() { stop(); }

  /// The problem, or "". From now on notes are taken, and kept_end() is to be kept by somebody.
  [[nodiscard]] std::string start();
  /// Nobody is kept any more, and sockets are closed as ever.
  void stop() noexcept;
  [[nodiscard]] bool is_on() const { return loop_context_.notes == this; }
  [[nodiscard]] int kept_end() const { return queue_.kept_end(); }

  /// Begins to keep those that have become old enough.
  void look() noexcept;
  /// No event will tell.
  [[nodiscard]] bool has_more() const { return is_looking_ || to_thin_ > 0; }
  /// A turn's part of it. Where it throws std::bad_alloc nothing has changed.
  void go_on();

  [[nodiscard]] std::size_t kept() const { return kept_; }
  /// Descriptors in the queue, those of connections that have ended too.
  [[nodiscard]] std::size_t waiting() const { return waiting_; }

  // --- ConnectionNotes ---
  void rewrite(Connection& connection) noexcept override;
  void forget(Connection& connection) noexcept override;

 private:
  /// Of one message in the queue; some of them have ended, perhaps.
  using Members = std::vector<SlotId>;

  void keep_some();
  [[nodiscard]] bool is_to_be_kept(const Connection& connection) const noexcept;
  [[nodiscard]] bool note(Connection& connection) noexcept;
  [[nodiscard]] bool put(const Members& members);
  void drop_oldest() noexcept;
  void give_up(const Members& members) noexcept;
  void thin_some();
  void thin() noexcept { to_thin_ = messages_.size(); }
  [[nodiscard]] bool is_kept(SlotId id) const noexcept;
  void set_kept(SlotId id, bool is_kept) noexcept;
  void tell_full(int error);

  ConnectionTable& connections_;
  EventLoop& loop_;
  EventLog& events_;
  LoopContext& loop_context_;
  KeptTable table_;
  KeptQueue queue_;
  std::deque<Members> messages_;
  std::vector<bool> is_kept_;  ///< by slot: its socket is in the queue
  std::size_t kept_ = 0;
  std::size_t waiting_ = 0;
  std::size_t to_thin_ = 0;  ///< messages
  std::uint32_t next_slot_ = 0;
  std::uint32_t rounds_ = 0;  ///< since the queue was thinned
  bool is_looking_ = false;
  bool has_told_full_ = false;
};

}  // namespace reactord
