// SPDX-License-Identifier: MIT
// From an endpoint to the addresses behind it. Asks the resolver; opens no socket.
#pragma once

#include <string>
#include <vector>

#include "daemon/net/socket_address.h"
#include "tools/reactor-cli/net/endpoint.h"

namespace reactord::cli {

struct Resolved {
  std::vector<SocketAddress> addresses;
  std::string problem;  ///< why there are none
};

[[nodiscard]] Resolved resolve(const Endpoint& endpoint);

}  // namespace reactord::cli
