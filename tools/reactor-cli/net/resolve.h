// SPDX-License-Identifier: MIT
// From an endpoint to the addresses behind it, and what to say where none of them answers. Asks the
// resolver; opens no socket.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/net/socket_address.h"
#include "tools/reactor-cli/net/endpoint.h"

namespace reactord::cli {

struct Resolved {
  std::vector<SocketAddress> addresses;
  std::string problem;  ///< why there are none
};

[[nodiscard]] Resolved resolve(const Endpoint& endpoint);

/// "cannot connect to ENDPOINT: ...", with what to do about `error`. `otherwise`: what to do where
/// nobody answers there.
[[nodiscard]] std::string cannot_connect(const Endpoint& endpoint, int error,
                                         std::string_view otherwise);

}  // namespace reactord::cli
