// SPDX-License-Identifier: MIT
// Connecting to real listening sockets: one that accepts, one that has gone; and a close that is a
// reset.
#include "daemon/net/connecting_socket.h"

#include <doctest/doctest.h>
#include <poll.h>

#include <array>
#include <cerrno>

#include "daemon/net/listening_socket.h"
#include "tests/unit/support/sockets.h"

namespace reactord {
namespace {

ListenResult listen_anywhere() {
  ListenResult result =
      open_listening_socket(SocketAddress::ipv4({127, 0, 0, 1}, 0), ListenOptions{});
  REQUIRE(result.status == ListenStatus::ok);
  return result;
}

int end_of(ConnectResult& result) {
  if (result.status == ConnectStatus::failed) return result.error;
  if (result.status == ConnectStatus::connected) return 0;
  REQUIRE(wait_for(result.fd.get(), POLLOUT));
  return connect_error(result.fd.get());
}

TEST_CASE("connecting to somebody who listens") {
  const ListenResult listening = listen_anywhere();
  ConnectResult result = begin_connect(SocketAddress::local_of(listening.fd.get()));
  CHECK_EQ(end_of(result), 0);
  REQUIRE(wait_for(listening.fd.get(), POLLIN));
  CHECK(accept_connection(listening.fd.get()).status == AcceptStatus::accepted);
}

TEST_CASE("connecting to nobody is refused") {
  SocketAddress address;
  {
    const ListenResult listening = listen_anywhere();
    address = SocketAddress::local_of(listening.fd.get());
  }
  ConnectResult result = begin_connect(address);
  CHECK_EQ(end_of(result), ECONNREFUSED);
}

TEST_CASE("a path that nobody listens on fails at once") {
  const ConnectResult result = begin_connect(SocketAddress::unix_path("/nonexistent/socket"));
  CHECK(result.status == ConnectStatus::failed);
  CHECK_EQ(result.error, ENOENT);
}

TEST_CASE("a close can be a reset") {
  SocketPair pair = tcp_pair();
  reset_on_close(pair.ours.get());
  pair.ours.reset();
  REQUIRE(wait_for(pair.theirs.get(), POLLIN));
  std::array<char, 8> room{};
  CHECK_EQ(::recv(pair.theirs.get(), room.data(), room.size(), 0), -1);
  CHECK_EQ(errno, ECONNRESET);
}

}  // namespace
}  // namespace reactord
