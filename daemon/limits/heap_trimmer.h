// SPDX-License-Identifier: MIT
// Gives memory back to the system when what connections held is not needed any more. malloc keeps
// what is freed between blocks that are in use; after a crowd of slow readers that may be all that
// they held, for as long as the process lives.
//
// While buffers are in use it looks once a window; memory that a whole window did not need is
// returned (by a thread of its own: it takes about 0.1 ms a MiB). A load that goes on needs its
// memory in every window, and a daemon at rest is not woken.
//
// Large blocks never get there: each is a mapping of its own, and goes with free().
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>

#include "daemon/reactor/event_loop.h"

namespace reactord {

/// Keeps malloc from doing by itself, in the middle of a turn, what is the trimmer's to do; call it
/// once, before the loop runs.
void prepare_heap() noexcept;

class HeapTrimmer {
 public:
  /// Long enough that the pauses of a load are not taken for its end.
  static constexpr std::chrono::seconds kWindow{5};
  /// As much as one slow reader holds (limits.output_high_water); less is not worth the page
  /// faults.
  static constexpr std::size_t kWorthwhileBytes = 1u << 20;

  /// `loop` outlives it; `trim` returns what malloc keeps.
  HeapTrimmer(EventLoop& loop, std::function<void()> trim) : loop_(loop), trim_(std::move(trim)) {}

  /// At the end of each turn: what the buffers hold.
  void note(std::size_t held_bytes) noexcept {
    held_ = held_bytes;
    if (held_ <= most_in_window_) return;
    most_in_window_ = held_;
    if (!is_watching_ && held_ >= kWorthwhileBytes) watch();
  }

 private:
  void watch() noexcept;
  void on_window_end();

  EventLoop& loop_;
  std::function<void()> trim_;
  std::size_t held_ = 0;
  std::size_t most_in_window_ = 0;
  std::size_t most_ = 0;  ///< since the last trim: what malloc may still keep
  bool is_watching_ = false;
};

}  // namespace reactord
