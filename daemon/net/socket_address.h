// SPDX-License-Identifier: MIT
// A socket's address: IPv4, IPv6 or a Unix path. A value; opens nothing and resolves nothing.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace reactord {

class SocketAddress {
 public:
  SocketAddress() = default;
  [[nodiscard]] static SocketAddress ipv4(std::array<std::uint8_t, 4> ip, std::uint16_t port);
  [[nodiscard]] static SocketAddress ipv6(std::array<std::uint8_t, 16> ip, std::uint16_t port);
  /// An address in the form of mapped_ip(): ::ffff:a.b.c.d is IPv4.
  [[nodiscard]] static SocketAddress mapped(std::array<std::uint8_t, 16> ip, std::uint16_t port);
  /// unix(7).
  static constexpr std::size_t kMaxPath = 107;
  /// `path` of at most kMaxPath bytes; longer ones are cut, so check before.
  [[nodiscard]] static SocketAddress unix_path(std::string_view path);

  /// What the kernel says of a socket's own end and of the other one; empty where it says nothing.
  [[nodiscard]] static SocketAddress local_of(int fd);
  [[nodiscard]] static SocketAddress peer_of(int fd);

  [[nodiscard]] int family() const { return storage_.any.sa_family; }
  /// Not so of what local_of() and peer_of() could not find out.
  [[nodiscard]] bool is_known() const { return family() != AF_UNSPEC; }
  [[nodiscard]] bool is_ip() const { return family() == AF_INET || family() == AF_INET6; }
  [[nodiscard]] std::uint16_t port() const;
  /// The address as IPv6, IPv4 as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2); zeros for a Unix socket.
  [[nodiscard]] std::array<std::uint8_t, 16> mapped_ip() const;
  /// 127.0.0.0/8, ::1, ::ffff:127.0.0.0/104, and every Unix socket.
  [[nodiscard]] bool is_local() const;
  /// The path of a Unix socket; empty if it has none, and for every other family.
  [[nodiscard]] std::string path() const;
  /// "127.0.0.1:80", "[::1]:80", "unix:/run/x.sock", "unix:@x" for an abstract one, "unix:" for an
  /// unnamed peer. One line: a peer chooses its own path, so control characters become "?".
  [[nodiscard]] std::string to_string() const;

  /// For accept4(2), bind(2) and their like.
  [[nodiscard]] sockaddr* data() { return &storage_.any; }
  [[nodiscard]] const sockaddr* data() const { return &storage_.any; }
  [[nodiscard]] socklen_t size() const { return size_; }
  [[nodiscard]] socklen_t* size_for_kernel();

 private:
  [[nodiscard]] std::string_view unix_name() const;

  union Storage {
    sockaddr_un un;  // the largest comes first: {} sets the first member to zeros, not the others
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
  };
  Storage storage_{};
  socklen_t size_ = 0;
};

}  // namespace reactord
