// SPDX-License-Identifier: MIT
// Addresses as the configuration writes them, in plain structs. Opens no socket and asks no
// resolver.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace reactord {

/// Where a listener waits: "127.0.0.1:12345", "[::1]:12345", "*:12345" is not accepted (say
/// "0.0.0.0:12345" or "[::]:12345"), "unix:/run/reactord.sock", or "systemd" for the sockets passed
/// under the listener's name.
struct Endpoint {
  enum class Kind : std::uint8_t { ipv4, ipv6, unix_path, systemd };
  Kind kind = Kind::ipv4;
  std::array<std::uint8_t, 16> ip{};  ///< network order; ipv4 uses the first 4 bytes
  std::uint16_t port = 0;             ///< host order; 0 lets the kernel choose
  std::string path;                   ///< unix_path only; at most 107 bytes (sun_path, unix(7))
  bool operator==(const Endpoint&) const = default;
};

/// Returns the problem, or "" after filling `out`.
[[nodiscard]] std::string parse_endpoint(std::string_view text, Endpoint& out);
[[nodiscard]] std::string to_string(const Endpoint& endpoint);
/// True for 127.0.0.0/8, ::1 and Unix sockets: reachable from this machine alone.
[[nodiscard]] bool is_local(const Endpoint& endpoint);
/// True if the second of two could not be bound beside the first: 0.0.0.0 takes a port of every
/// IPv4 address, [::] of every IPv6 one. Port 0 is a new port each time.
[[nodiscard]] bool same_place(const Endpoint& a, const Endpoint& b);

/// A block of addresses in CIDR notation: "10.0.0.0/8", "2001:db8::/32"; a bare address is a block
/// of one. Host bits must be zero. IPv4 is held as ::ffff:a.b.c.d, so that an IPv4-mapped peer
/// matches IPv4 rules.
struct IpNetwork {
  std::array<std::uint8_t, 16> ip{};
  std::uint8_t prefix_bits = 0;  ///< 0 to 128, counted in the mapped form
  bool operator==(const IpNetwork&) const = default;
};

/// All addresses of some networks together, found by bisection: an allow list may have thousands of
/// entries, and every client is looked up in it.
class NetworkSet {
 public:
  NetworkSet() = default;
  explicit NetworkSet(std::span<const IpNetwork> networks);
  [[nodiscard]] bool empty() const { return ranges_.empty(); }
  [[nodiscard]] bool contains(const std::array<std::uint8_t, 16>& mapped_ip) const;

 private:
  using Ip = std::array<std::uint8_t, 16>;
  struct Range {
    Ip first;
    Ip last;
  };
  std::vector<Range> ranges_;  ///< in order, none within or beside another
};

[[nodiscard]] std::string parse_network(std::string_view text, IpNetwork& out);
[[nodiscard]] std::string to_string(const IpNetwork& network);

}  // namespace reactord
