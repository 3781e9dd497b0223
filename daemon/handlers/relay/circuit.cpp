// SPDX-License-Identifier: MIT
#include "daemon/handlers/relay/circuit.h"

#include <algorithm>

namespace reactord {

/// Of a request that was sent before it opened: only a probe closes it.
void Circuit::on_answer() {
  failures_ = 0;
}

bool Circuit::on_failure() {
  if (!is_closed_ || ++failures_ < settings_.max_failures) return false;
  is_closed_ = false;
  ++openings_;
  probe_delay_ = settings_.first_probe;
  return true;
}

void Circuit::on_probe(bool is_answered) {
  if (is_answered) {
    is_closed_ = true;
    failures_ = 0;
  } else {
    probe_delay_ = std::min(2 * probe_delay_, settings_.last_probe);
  }
}

}  // namespace reactord
