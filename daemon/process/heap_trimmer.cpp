// SPDX-License-Identifier: MIT
#include "daemon/process/heap_trimmer.h"

#include <algorithm>

namespace reactord {

void HeapTrimmer::watch() noexcept {
  is_watching_ = true;
  (void)loop_.timers().add(loop_.now() + kWindow, [this] { on_window_end(); });
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
