// SPDX-License-Identifier: MIT
#include "daemon/server/connection_walk.h"

namespace reactord {

void ConnectionWalks::go_on() {
  if (walks_.empty()) return;
  Walk& walk = walks_.front();
  for (std::uint32_t n = 0; n < walk.visits_per_turn; ++n, ++walk.next_slot) {
    if (walk.next_slot >= connections_.slots_used()) {
      const std::function<void()> done = std::move(walk.done);
      walks_.pop_front();
      if (done) done();
      return;
    }
    Connection* connection = connections_.at_slot(walk.next_slot);
    if (connection != nullptr && !connection->is_closed()) walk.visit(*connection);
  }
}

}  // namespace reactord
