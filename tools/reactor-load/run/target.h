// SPDX-License-Identifier: MIT
// Finds the server: resolves its name and makes sure that somebody accepts there, before a thousand
// clients try.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "daemon/net/handshake.h"
#include "daemon/net/socket_address.h"
#include "tools/reactor-cli/net/tls_dial.h"

namespace reactord::load {

struct Target {
  SocketAddress address;
  std::string uri;                                     ///< where it was found
  std::shared_ptr<const HandshakeContext> handshakes;  ///< null: plain TCP
};

/// `uri` is tcp://HOST:PORT, tls://HOST:PORT, unix:PATH or loopback:PORT. Throws Stopped (usage,
/// cannot_connect).
[[nodiscard]] Target find_target(const std::string& uri, std::chrono::milliseconds timeout,
                                 const cli::TlsFiles& tls = {});

}  // namespace reactord::load
