// SPDX-License-Identifier: MIT
// What [listener.tls] asks for, loaded and checked: certificates by name, who among the clients
// must show one, protocols and ciphers, the keys of session tickets. Knows no listener and no loop;
// from the loader on it does not change, and both the loop and the thread that shakes hands use it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "daemon/net/handshake.h"

namespace reactord {

struct LoadedTls {
  std::shared_ptr<HandshakeContext> context;  ///< null: see problems
  std::vector<std::string> problems;          ///< each names the file, and what to do
};

/// Reads the files; seconds are possible where they are far away, so beside the loop.
[[nodiscard]] LoadedTls load_tls(const TlsSettings& settings);

}  // namespace reactord
