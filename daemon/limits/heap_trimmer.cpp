// SPDX-License-Identifier: MIT
#include "daemon/limits/heap_trimmer.h"

#include <malloc.h>

#include <algorithm>

#include "daemon/reactor/out_of_memory.h"

namespace reactord {

namespace {

/// While malloc_trim(3) holds the lock of the heap, whoever needs a block of it waits: so the heap
/// holds small ones alone. What is kept of requests and replies beyond this is mapped apart.
constexpr int kMappedFromBytes = 64 << 10;

}  // namespace

void prepare_heap() noexcept {
  ::mallopt(M_MMAP_THRESHOLD, kMappedFromBytes);
  // A free() at the heap's end would give back all that lies before it, at once.
  ::mallopt(M_TRIM_THRESHOLD, 1 << 30);
}

void HeapTrimmer::watch() noexcept {
  is_watching_ = has_memory_for(
      [&] { (void)loop_.timers().add(loop_.now() + kWindow, [this] { on_window_end(); }); });
}

void HeapTrimmer::on_window_end() {
  most_ = std::max(most_, most_in_window_);
  if (most_ - most_in_window_ >= kWorthwhileBytes) {
    trim_();
    most_ = most_in_window_;
  }
  most_in_window_ = held_;
  is_watching_ = false;
  if (most_ >= kWorthwhileBytes) watch();
}

}  // namespace reactord
