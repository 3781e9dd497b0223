// SPDX-License-Identifier: MIT
#include "daemon/net/socket_address.h"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstring>

#include "tests/unit/support/sockets.h"
#include "tests/unit/support/temporary_folder.h"

namespace reactord {
namespace {

using Ipv6 = std::array<std::uint8_t, 16>;
constexpr Ipv6 kLocal6{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
constexpr Ipv6 kDocumentation6{0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5};

constexpr Ipv6 mapped(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
  return {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d};
}

/// The address as the kernel would hand over `name` in a sun_path that it fills.
SocketAddress unix_name_of_peer(std::string_view name) {
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un raw{};
  raw.sun_family = AF_UNIX;
  std::memcpy(raw.sun_path, name.data(), name.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  require(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&raw), size) == 0, "bind");
  return SocketAddress::local_of(fd.get());
}

TEST_SUITE("socket_address") {
  TEST_CASE("an IPv4 address") {
    const SocketAddress address = SocketAddress::ipv4({192, 0, 2, 1}, 12345);
    CHECK(address.family() == AF_INET);
    CHECK(address.is_ip());
    CHECK(address.port() == 12345);
    CHECK(address.size() == sizeof(sockaddr_in));
    CHECK(address.to_string() == "192.0.2.1:12345");
    CHECK(address.mapped_ip() == mapped(192, 0, 2, 1));
    CHECK(address.path().empty());
  }

  TEST_CASE("an IPv6 address") {
    const SocketAddress address = SocketAddress::ipv6(kDocumentation6, 65535);
    CHECK(address.family() == AF_INET6);
    CHECK(address.is_ip());
    CHECK(address.port() == 65535);
    CHECK(address.size() == sizeof(sockaddr_in6));
    CHECK(address.to_string() == "[2001:db8::5]:65535");
    CHECK(address.mapped_ip() == kDocumentation6);
  }

  TEST_CASE("a Unix path") {
    const SocketAddress address = SocketAddress::unix_path("/run/x.sock");
    CHECK(address.family() == AF_UNIX);
    CHECK_FALSE(address.is_ip());
    CHECK(address.port() == 0);
    CHECK(address.path() == "/run/x.sock");
    CHECK(address.to_string() == "unix:/run/x.sock");
    CHECK(address.mapped_ip() == Ipv6{});
  }

  TEST_CASE("an empty address is nothing") {
    const SocketAddress address;
    CHECK(address.family() == AF_UNSPEC);
    CHECK_FALSE(address.is_ip());
    CHECK_FALSE(address.is_local());
    CHECK(address.to_string() == "?");
    CHECK(address.path().empty());
  }

  TEST_CASE("the longest Unix path is whole, a longer one is cut") {
    const std::string longest(107, 'x');
    CHECK(SocketAddress::unix_path(longest).path() == longest);
    CHECK(SocketAddress::unix_path(longest + "y").path() == longest);
    CHECK(SocketAddress::unix_path(longest).size() == sizeof(sockaddr_un));
  }

  TEST_CASE("local means this machine by any of its names") {
    CHECK(SocketAddress::ipv4({127, 0, 0, 1}, 1).is_local());
    CHECK(SocketAddress::ipv4({127, 255, 255, 254}, 1).is_local());
    CHECK(SocketAddress::ipv6(kLocal6, 1).is_local());
    CHECK(SocketAddress::ipv6(mapped(127, 0, 0, 1), 1).is_local());
    CHECK(SocketAddress::unix_path("/x").is_local());

    CHECK_FALSE(SocketAddress::ipv4({0, 0, 0, 0}, 1).is_local());
    CHECK_FALSE(SocketAddress::ipv4({128, 0, 0, 1}, 1).is_local());
    CHECK_FALSE(SocketAddress::ipv6({}, 1).is_local());
    CHECK_FALSE(SocketAddress::ipv6(kDocumentation6, 1).is_local());
    CHECK_FALSE(SocketAddress::ipv6(mapped(10, 0, 0, 1), 1).is_local());
  }

  TEST_CASE("the kernel tells both ends of a connection") {
    const SocketPair pair = tcp_pair();
    const SocketAddress ours = SocketAddress::local_of(pair.ours.get());
    CHECK(ours.port() != 0);
    CHECK(ours.to_string() == "127.0.0.1:" + std::to_string(ours.port()));
    CHECK(SocketAddress::peer_of(pair.theirs.get()).to_string() == ours.to_string());
    CHECK(SocketAddress::local_of(pair.theirs.get()).to_string() ==
          SocketAddress::peer_of(pair.ours.get()).to_string());
  }

  TEST_CASE("an unnamed Unix peer has a family and no name") {
    const SocketPair pair = unix_pair();
    const SocketAddress peer = SocketAddress::peer_of(pair.ours.get());
    CHECK(peer.family() == AF_UNIX);
    CHECK(peer.to_string() == "unix:");
    CHECK(peer.path().empty());
  }

  TEST_CASE("where the kernel says nothing, the address is empty") {
    CHECK(SocketAddress::local_of(-1).family() == AF_UNSPEC);
    const UniqueFd unconnected(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    CHECK(SocketAddress::peer_of(unconnected.get()).family() == AF_UNSPEC);
  }

  TEST_CASE("a Unix name that fills sun_path has no NUL to end it (unix(7), BUGS)") {
    const TemporaryFolder folder;
    std::string full = folder / "";
    full.resize(sizeof(sockaddr_un::sun_path), 'x');
    const SocketAddress address = unix_name_of_peer(full);
    CHECK(address.path() == full);
    CHECK(address.to_string() == "unix:" + full);
  }

  TEST_CASE("an abstract Unix name is shown with @, and is no path") {
    const std::string name = "reactord-test-" + std::to_string(::getpid());
    const SocketAddress address = unix_name_of_peer('\0' + name);
    CHECK(address.to_string() == "unix:@" + name);
    CHECK(address.path().empty());
  }

  TEST_CASE("a name cannot forge a second line of a log") {
    const SocketAddress address = SocketAddress::unix_path("/tmp/a\nb\x1b[31m\x7f");
    CHECK(address.to_string() == "unix:/tmp/a?b?[31m?");
    CHECK(address.path() == "/tmp/a\nb\x1b[31m\x7f");
  }
}

}  // namespace
}  // namespace reactord
