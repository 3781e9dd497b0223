// SPDX-License-Identifier: MIT
// Finds the server: resolves its name and makes sure that somebody accepts there, before a thousand
// clients try.
#pragma once

#include <chrono>
#include <string>

#include "daemon/net/socket_address.h"

namespace reactord::load {

struct Target {
  SocketAddress address;
  std::string uri;  ///< where it was found
};

/// `uri` is tcp://HOST:PORT, unix:PATH or loopback:PORT. Throws Stopped (usage, cannot_connect).
[[nodiscard]] Target find_target(const std::string& uri, std::chrono::milliseconds timeout);

}  // namespace reactord::load
