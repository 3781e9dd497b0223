// SPDX-License-Identifier: MIT
#include "daemon/reactor/ready_list.h"

#include <algorithm>

namespace reactord {

/// Each once, however often it was added: somebody who gets an event and a turn on the list at the
/// same time, and asks for more both times, would otherwise double his share turn by turn.
void ReadyList::turn_over() {
  round_.clear();
  round_.swap(next_round_);
  std::sort(round_.begin(), round_.end());
  round_.erase(std::unique(round_.begin(), round_.end()), round_.end());
  at_ = 0;
}

}  // namespace reactord
