// SPDX-License-Identifier: MIT
// From a host's name to its addresses. Asks the resolver, which may take seconds; opens no socket.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/net/socket_address.h"

namespace reactord {

struct FoundAddresses {
  std::vector<SocketAddress> addresses;
  std::string problem;  ///< why there are none, in the resolver's words
};

/// Blocks: for a thread that may wait. In the order in which they should be tried (RFC 6724).
[[nodiscard]] FoundAddresses look_up_name(const std::string& host, std::uint16_t port);

/// The same of an address in digits, "127.0.0.1" or "::1". Asks nobody: none, if it is a name.
[[nodiscard]] FoundAddresses read_ip(const std::string& host, std::uint16_t port);

}  // namespace reactord
