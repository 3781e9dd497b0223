// SPDX-License-Identifier: MIT
// Where a server is, as the command line names it. Resolves no name and opens no socket.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace reactord::cli {

inline constexpr std::uint16_t kDefaultPort = 12345;

struct Endpoint {
  std::string host;  ///< a name or an address without brackets; empty for a Unix socket
  std::uint16_t port = kDefaultPort;
  std::string path;        ///< of a Unix socket; empty for TCP
  std::string user{};      ///< to log in as; empty: the default one
  std::string password{};  ///< empty: no login
  bool is_tls = false;
  bool operator==(const Endpoint&) const = default;
};

/// Reads "tcp://HOST:PORT", "tcp://HOST", "tcp://[::1]:PORT", "unix:PATH", "unix://PATH" and
/// "redis://[[USER]:PASSWORD@]HOST[:PORT][/0]", whose port is 6379; "tls://" and "rediss://" are
/// the same over TLS. Returns the problem, or "" after filling `out`.
[[nodiscard]] std::string parse_uri(std::string_view uri, Endpoint& out);

/// "loopback:PORT", for reports and scenarios: 127.0.0.1 or ::1, whichever answers.
[[nodiscard]] std::string loopback_uri(std::uint16_t port);
/// Its port; nothing for every other text.
[[nodiscard]] std::optional<std::uint16_t> loopback_port(std::string_view uri);

/// A port from 1 to 65535, in digits alone.
[[nodiscard]] std::optional<std::uint16_t> parse_port(std::string_view text);

/// "127.0.0.1:12345", "[::1]:12345" or "unix:PATH".
[[nodiscard]] std::string to_string(const Endpoint& endpoint);

}  // namespace reactord::cli
