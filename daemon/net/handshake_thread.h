// SPDX-License-Identifier: MIT
// Shakes hands beside the loop: a private key's operation takes from 50 microseconds to several
// milliseconds, for which nobody who is connected is to wait. One thread, which does one step of
// one handshake after the other, in the order in which they were asked for; the loop hears of each
// by a descriptor. The thread begins with the first handshake.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <system_error>
#include <vector>

#include "daemon/net/handshake.h"
#include "daemon/reactor/event_loop.h"
#include "daemon/reactor/helper_thread.h"
#include "daemon/reactor/slot_table.h"
#include "daemon/reactor/unique_fd.h"

namespace reactord {

/// A handshake and what its last step came to. Whoever has asked for a step leaves it alone until
/// it is told; whoever has lost interest lets go of it.
struct SharedHandshake {
  std::shared_ptr<const HandshakeContext> context;  ///< outlives the handshake
  std::unique_ptr<Handshake> handshake;
  HandshakeStep step = HandshakeStep::wants_read;
};

class HandshakeThread {
 public:
  /// The loop hears of it as `token`.
  HandshakeThread(EventLoop& loop, Token token) : loop_(loop), token_(token) {}

  /// Goes on with it; `who` is told by take_done(). The problem with the descriptor, if there is
  /// one; nothing happens then. Throws std::bad_alloc.
  [[nodiscard]] std::error_code advance(std::shared_ptr<SharedHandshake> handshake, SlotId who);
  /// Whose steps are done, some of them; empty where none is.
  [[nodiscard]] std::vector<SlotId> take_done();

  /// In one turn: each becomes a connection, which takes some ten microseconds.
  static constexpr std::size_t kMaxDonePerTurn = 32;

 private:
  /// What both threads know.
  struct Done {
    std::mutex mutex;
    std::vector<SlotId> who;
    UniqueFd news;  ///< eventfd(2), readable while there are any
  };
  [[nodiscard]] std::error_code open_news();
  static void tell(Done& done, SlotId who) noexcept;

  EventLoop& loop_;
  Token token_;
  std::shared_ptr<Done> done_ = std::make_shared<Done>();
  std::size_t asked_ = 0;  ///< and not taken yet: `who` has room for so many
  HelperThread thread_;    ///< ends before what it uses
};

}  // namespace reactord
