// SPDX-License-Identifier: MIT
// Finds the server: resolves its name and makes sure that somebody accepts there, before a thousand
// clients try.
#pragma once

#include <chrono>
#include <string>

#include "daemon/net/socket_address.h"

namespace reactord::load {

/// `uri` is tcp://HOST:PORT or unix:PATH. Throws Stopped (usage, cannot_connect).
[[nodiscard]] SocketAddress find_target(const std::string& uri, std::chrono::milliseconds timeout);

}  // namespace reactord::load
