// SPDX-License-Identifier: MIT
// Where another server is, as settings write it. Resolves no name and opens no socket.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace reactord {

struct ServerAddress {
  std::string host;        ///< a name or an IP without brackets; empty for a Unix socket
  std::uint16_t port = 0;  ///< host order
  std::string path;        ///< of a Unix socket; at most 107 bytes (unix(7))
  bool operator==(const ServerAddress&) const = default;
};

/// Reads "host:port", "127.0.0.1:6379", "[::1]:6379" and "unix:/path". Returns the problem, or ""
/// after filling `out`.
[[nodiscard]] std::string parse_server_address(std::string_view text, ServerAddress& out);

/// The same, throwing std::invalid_argument with the problem.
[[nodiscard]] ServerAddress server_address(std::string_view text);

}  // namespace reactord
