// SPDX-License-Identifier: MIT
// What a parcel of the process before has in it, sorted: its state, and the sockets that belong to
// it. Knows no listener and no table.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "daemon/handover/handover_state.h"
#include "daemon/reactor/unique_fd.h"

namespace reactord {

/// Of a state, whoever writes or reads it: four times of what limits.max_buffer_memory is by
/// default.
inline constexpr std::size_t kMaxStateBytes = std::size_t{1} << 30;

struct Inheritance {
  bool is_there = false;     ///< there was a parcel, whatever was in it
  std::string problem = {};  ///< with all of it, or with what is missing
  std::string bytes = {};    ///< of the state
  ReceivedState state = {};
  std::vector<UniqueFd> connections = {};  ///< in the order of `state`; as many at most
  std::vector<UniqueFd> listening = {};
};

/// Of `parcel`, which may be none. Throws std::bad_alloc.
[[nodiscard]] Inheritance open_parcel(const UniqueFd& parcel);

}  // namespace reactord
