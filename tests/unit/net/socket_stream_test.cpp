// SPDX-License-Identifier: MIT
#include "daemon/net/socket_stream.h"

#include <doctest/doctest.h>

#include <array>
#include <cerrno>
#include <string>

#include "tests/unit/support/sockets.h"
#include "tests/unit/support/temporary_folder.h"

namespace reactord {
namespace {

struct Fixture {
  explicit Fixture(SocketPair pair)
      : peer(std::move(pair.theirs)),
        stream(std::move(pair.ours), SocketAddress::local_of(peer.get())) {}

  IoResult receive(std::size_t most = 64) { return stream.receive(std::span(buffer).first(most)); }
  [[nodiscard]] std::string received(const IoResult& result) const {
    return {buffer.data(), result.bytes};
  }
  /// Sends until the kernel takes no more.
  IoResult fill() {
    const std::string block(65'536, 'x');
    IoResult result = stream.send(block);
    while (result.status == IoStatus::ok) {
      accepted += result.bytes;
      result = stream.send(block);
    }
    return result;
  }

  UniqueFd peer;
  SocketStream stream;
  std::array<char, 64> buffer{};
  std::size_t accepted = 0;
};

TEST_SUITE("socket_stream") {
  TEST_CASE("bytes arrive, as many as there is room for") {
    Fixture f(unix_pair());
    send_text(f.peer.get(), "hello");
    const IoResult first = f.receive(3);
    CHECK(first.status == IoStatus::ok);
    CHECK(f.received(first) == "hel");
    const IoResult second = f.receive();
    CHECK(second.status == IoStatus::ok);
    CHECK(f.received(second) == "lo");
  }

  TEST_CASE("nothing there is not the end") {
    Fixture f(unix_pair());
    CHECK(f.receive().status == IoStatus::would_block);
    send_text(f.peer.get(), "x");
    CHECK(f.receive().status == IoStatus::ok);
  }

  TEST_CASE("the end comes after the last byte, and stays") {
    Fixture f(tcp_pair());
    send_text(f.peer.get(), "last");
    ::shutdown(f.peer.get(), SHUT_WR);
    REQUIRE(wait_for(f.stream.fd(), POLLRDHUP));
    CHECK(f.received(f.receive()) == "last");
    CHECK(f.receive().status == IoStatus::end);
    CHECK(f.receive().status == IoStatus::end);
    SUBCASE("and the other direction is open") {
      CHECK(f.stream.send("reply").status == IoStatus::ok);
      REQUIRE(wait_for(f.peer.get(), POLLIN));
      CHECK(receive_text(f.peer.get()) == "reply");
    }
  }

  TEST_CASE("what came before a reset is still read; then the stream is lost") {
    Fixture f(tcp_pair());
    send_text(f.peer.get(), "last");
    REQUIRE(wait_for(f.stream.fd(), POLLIN));
    close_with_reset(f.peer);
    REQUIRE(wait_for(f.stream.fd(), POLLRDHUP));
    CHECK(f.received(f.receive()) == "last");
    const IoResult after = f.receive();
    CHECK(after.status == IoStatus::lost);
    CHECK(after.error == ECONNRESET);
  }

  TEST_CASE("a full socket blocks, and goes on when the peer has read") {
    Fixture f(unix_pair());
    CHECK(f.fill().status == IoStatus::would_block);
    CHECK(f.accepted > 0);
    std::size_t drained = 0;
    while (drained < f.accepted) {
      const std::size_t n = receive_text(f.peer.get()).size();
      REQUIRE(n > 0);
      drained += n;
    }
    CHECK(f.stream.send("more").status == IoStatus::ok);
    CHECK(receive_text(f.peer.get()) == "more");
  }

  TEST_CASE("sending to nobody is a result, not a signal") {
    // SIGPIPE has its default effect here: it would end the test program.
    Fixture f(unix_pair());
    f.peer.reset();
    const IoResult result = f.stream.send("x");
    CHECK(result.status == IoStatus::lost);
    CHECK(result.error == EPIPE);
  }

  TEST_CASE("finish_sending lets what was sent arrive, and input goes on") {
    Fixture f(tcp_pair());
    CHECK(f.stream.send("bye").bytes == 3);
    f.stream.finish_sending();
    f.stream.finish_sending();
    REQUIRE(wait_for(f.peer.get(), POLLRDHUP));
    CHECK(receive_text(f.peer.get()) == "bye");
    char byte = 0;
    CHECK(::recv(f.peer.get(), &byte, 1, 0) == 0);

    send_text(f.peer.get(), "still here");
    REQUIRE(wait_for(f.stream.fd(), POLLIN));
    CHECK(f.received(f.receive()) == "still here");
    CHECK(f.stream.send("x").status == IoStatus::lost);
  }

  TEST_CASE("finish_sending after a reset is harmless") {
    Fixture f(tcp_pair());
    close_with_reset(f.peer);
    REQUIRE(wait_for(f.stream.fd(), POLLRDHUP));
    f.stream.finish_sending();
    CHECK(f.receive().status == IoStatus::lost);
  }

  TEST_CASE("the peer is known, also after the stream is lost") {
    Fixture f(tcp_pair());
    const std::string name = SocketAddress::local_of(f.peer.get()).to_string();
    CHECK(f.stream.peer() == name);
    close_with_reset(f.peer);
    REQUIRE(wait_for(f.stream.fd(), POLLRDHUP));
    CHECK(f.receive().status == IoStatus::lost);
    CHECK(f.stream.peer() == name);
  }

  TEST_CASE("an IPv6 peer keeps its family, an IPv4 one that came through IPv6 too") {
    const auto peer_of = [](std::array<std::uint8_t, 16> ip) {
      return SocketStream(UniqueFd(), SocketAddress::ipv6(ip, 80)).peer();
    };
    CHECK(peer_of({0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5}) ==
          "[2001:db8::5]:80");
    CHECK(peer_of({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1}) ==
          "[::ffff:192.0.2.1]:80");
  }

  TEST_CASE("a Unix peer is named by the socket that it came through") {
    const TemporaryFolder folder;
    const SocketAddress address = SocketAddress::unix_path(folder / "x.sock");
    const UniqueFd listening(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::bind(listening.get(), address.data(), address.size()) == 0);
    REQUIRE(::listen(listening.get(), 1) == 0);
    const UniqueFd client = connect_to(address);
    UniqueFd accepted(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
    const SocketAddress peer = SocketAddress::peer_of(accepted.get());
    CHECK(SocketStream(std::move(accepted), peer).peer() == address.to_string());
  }

  TEST_CASE("the stream owns its descriptor") {
    SocketPair pair = unix_pair();
    const int number = pair.ours.get();
    {
      const SocketStream stream(std::move(pair.ours), SocketAddress());
      CHECK(stream.fd() == number);
    }
    CHECK(::fcntl(number, F_GETFD) == -1);
  }
}

}  // namespace
}  // namespace reactord
