// SPDX-License-Identifier: MIT
// What one process leaves to the next, as bytes: which connections there are, in the order of their
// descriptors, and what was saved of each. Knows no descriptor and no socket.
//
//   "REACTORD"   format, and the oldest that can read it    a record of fields (fields.h)
//   a record     its length, its CRC-32C, its bytes         the process, then each connection
//
// Numbers are little-endian, 32 bits. Whatever is wrong with one connection's record costs that
// connection alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/connection/snapshot/saved_connection.h"

namespace reactord {

/// Raised with every change that a reader must know of to understand the rest; kOldestReader only
/// where that cannot be helped: a release reads what the one before has written, and the other way
/// round, so that an upgrade can be taken back.
inline constexpr std::uint32_t kStateFormat = 1;
inline constexpr std::uint32_t kOldestReader = 1;

struct HandoverState {
  std::uint64_t last_client_id = 0;
  std::vector<SavedConnection> connections;
};

/// The same as read: nothing where a record cannot be understood.
struct ReceivedState {
  std::string problem = {};  ///< with all of it; "" where there is none
  std::uint64_t last_client_id = 0;
  std::vector<std::optional<SavedConnection>> connections = {};
};

[[nodiscard]] std::string write_state(const HandoverState& state);
/// At most `most` connections. Throws std::bad_alloc.
[[nodiscard]] ReceivedState read_state(std::string_view bytes, std::size_t most);

}  // namespace reactord
