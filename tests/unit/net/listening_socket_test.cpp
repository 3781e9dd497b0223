// SPDX-License-Identifier: MIT
#include "daemon/net/listening_socket.h"

#include <doctest/doctest.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/wait.h>

#include <optional>

#include "tests/unit/support/listening.h"
#include "tests/unit/support/sockets.h"
#include "tests/unit/support/temporary_folder.h"

namespace reactord {
namespace {

using namespace std::chrono_literals;
using test::accept_next;
using test::contains;
using test::listen_on;
using test::must_listen_on;

constexpr std::array<std::uint8_t, 16> kLoopback6{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
const SocketAddress kAnyPort = SocketAddress::ipv4({127, 0, 0, 1}, 0);

/// At 127.0.0.1 with the same port as `six`, to which the kernel gave one. That port may be another
/// program's there, so several are tried.
UniqueFd listen_beside(ListenResult& six) {
  constexpr int kTries = 50;
  for (int i = 1;; ++i) {
    const std::uint16_t port = SocketAddress::local_of(six.fd.get()).port();
    ListenResult four = listen_on(SocketAddress::ipv4({127, 0, 0, 1}, port));
    if (four.status == ListenStatus::ok) return std::move(four.fd);
    REQUIRE_MESSAGE(i < kTries, four.problem);
    six = listen_on(SocketAddress::ipv6({}, 0));
    REQUIRE_MESSAGE(six.status == ListenStatus::ok, six.problem);
  }
}

int option_of(int fd, int level, int option) {
  int value = -1;
  socklen_t size = sizeof value;
  require(::getsockopt(fd, level, option, &value, &size) == 0, "getsockopt");
  return value;
}

bool is_nonblocking(int fd) {
  return (::fcntl(fd, F_GETFL) & O_NONBLOCK) != 0;
}
bool is_close_on_exec(int fd) {
  return (::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0;
}
/// Runs `act` in a child with a network of its own, where not even ::1 is up. Its exit status, or
/// nothing where this user may not make such a network.
template <class Act>
std::optional<int> in_bare_network(Act act) {
  constexpr int kNotPermitted = 77;
  const ::pid_t child = ::fork();
  require(child >= 0, "fork");
  if (child == 0) {
    if (::unshare(CLONE_NEWNET) != 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
      ::_exit(kNotPermitted);
    ::_exit(act());
  }
  int status = 0;
  require(::waitpid(child, &status, 0) == child, "waitpid");
  if (!WIFEXITED(status)) return -1;
  if (WEXITSTATUS(status) == kNotPermitted) return std::nullopt;
  return WEXITSTATUS(status);
}

TEST_SUITE("listening_socket: IP") {
  TEST_CASE("port 0 gives a port, and clients reach it") {
    const UniqueFd listening = must_listen_on(kAnyPort);
    const SocketAddress bound = SocketAddress::local_of(listening.get());
    CHECK(bound.port() != 0);
    CHECK(is_nonblocking(listening.get()));
    CHECK(is_close_on_exec(listening.get()));

    const UniqueFd client = connect_to(bound);
    const AcceptResult accepted = accept_next(listening.get());
    CHECK(accepted.status == AcceptStatus::accepted);
    CHECK(accepted.peer.to_string() == SocketAddress::local_of(client.get()).to_string());
    CHECK(is_nonblocking(accepted.fd.get()));
    CHECK(is_close_on_exec(accepted.fd.get()));
    send_text(client.get(), "hello");
    REQUIRE(wait_for(accepted.fd.get(), POLLIN));
    CHECK(receive_text(accepted.fd.get()) == "hello");
  }

  TEST_CASE("a port that is taken is refused with what to do") {
    const UniqueFd listening = must_listen_on(kAnyPort);
    const SocketAddress taken = SocketAddress::local_of(listening.get());
    const ListenResult second = listen_on(taken);
    CHECK(second.status == ListenStatus::failed);
    CHECK_FALSE(second.fd);
    CHECK(contains(second.problem, "cannot bind " + taken.to_string()));
    CHECK(contains(second.problem, "another program listens there"));
  }

  TEST_CASE("a port with connections that linger after a restart can be bound again") {
    UniqueFd listening = must_listen_on(kAnyPort);
    const SocketAddress bound = SocketAddress::local_of(listening.get());
    UniqueFd client = connect_to(bound);
    AcceptResult accepted = accept_next(listening.get());
    listening.reset();
    // The end that closes first keeps the port in TIME_WAIT: ours.
    accepted.fd.reset();
    REQUIRE(wait_for(client.get(), POLLRDHUP));
    client.reset();
    must_listen_on(bound);
  }

  TEST_CASE("an address of another machine is refused as such") {
    const ListenResult result = listen_on(SocketAddress::ipv4({192, 0, 2, 1}, 0));
    CHECK(result.status == ListenStatus::failed);
    CHECK(contains(result.problem, "this machine has no such address"));
  }

  TEST_CASE("IPv6 takes no IPv4 connections, so both can have the same port") {
    ListenResult six = listen_on(SocketAddress::ipv6({}, 0));
    if (six.status == ListenStatus::no_such_family) {
      MESSAGE("this host has no IPv6: not tested");
      return;
    }
    REQUIRE_MESSAGE(six.status == ListenStatus::ok, six.problem);
    const UniqueFd four = listen_beside(six);
    CHECK(option_of(six.fd.get(), IPPROTO_IPV6, IPV6_V6ONLY) == 1);
    const std::uint16_t port = SocketAddress::local_of(six.fd.get()).port();

    const UniqueFd client6 = connect_to(SocketAddress::ipv6(kLoopback6, port));
    const UniqueFd client4 = connect_to(SocketAddress::ipv4({127, 0, 0, 1}, port));
    CHECK(accept_next(six.fd.get()).peer.family() == AF_INET6);
    CHECK(accept_next(four.get()).peer.family() == AF_INET);
    CHECK(accept_connection(six.fd.get()).status == AcceptStatus::none_waiting);
  }

  TEST_CASE("a host without IPv6 says so for ::1, and still serves IPv4") {
    const std::optional<int> exit_status = in_bare_network([] {
      const bool no_six =
          listen_on(SocketAddress::ipv6(kLoopback6, 0)).status == ListenStatus::no_such_family;
      const bool four = listen_on(kAnyPort).status == ListenStatus::ok;
      return no_six && four ? 0 : 1;
    });
    if (!exit_status)
      MESSAGE("this user cannot make a network namespace: not tested");
    else
      CHECK(*exit_status == 0);
  }

  TEST_CASE("an unknown address family is left out, not fatal") {
    CHECK(listen_on(SocketAddress()).status == ListenStatus::no_such_family);
  }
}

TEST_SUITE("listening_socket: adopted") {
  TEST_CASE("a blocking, inheritable listening socket becomes fit for the loop") {
    const UniqueFd fd(::socket(AF_INET, SOCK_STREAM, 0));
    REQUIRE(::bind(fd.get(), kAnyPort.data(), kAnyPort.size()) == 0);
    REQUIRE(::listen(fd.get(), 5) == 0);
    CHECK(adopt_listening_socket(fd.get()).empty());
    CHECK(is_nonblocking(fd.get()));
    CHECK(is_close_on_exec(fd.get()));
    CHECK(accept_connection(fd.get()).status == AcceptStatus::none_waiting);
  }

  TEST_CASE("anything else is refused with what it is") {
    const UniqueFd not_listening(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    CHECK(contains(adopt_listening_socket(not_listening.get()), "is no listening stream socket"));
    const UniqueFd datagram(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    CHECK(contains(adopt_listening_socket(datagram.get()), "is no listening stream socket"));
    const UniqueFd packets(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    const TemporaryFolder folder;
    const SocketAddress address = SocketAddress::unix_path(folder / "x.sock");
    REQUIRE(::bind(packets.get(), address.data(), address.size()) == 0);
    REQUIRE(::listen(packets.get(), 5) == 0);
    CHECK(contains(adopt_listening_socket(packets.get()), "is no listening stream socket"));
    const UniqueFd file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    CHECK(contains(adopt_listening_socket(file.get()), "is no socket"));
    CHECK(contains(adopt_listening_socket(-1), "descriptor -1 is no socket"));
  }
}

TEST_SUITE("listening_socket: accepting") {
  TEST_CASE("nobody waiting is no failure") {
    const UniqueFd listening = must_listen_on(kAnyPort);
    const AcceptResult result = accept_connection(listening.get());
    CHECK(result.status == AcceptStatus::none_waiting);
    CHECK_FALSE(result.fd);
  }

  TEST_CASE("whether somebody waits is known without accepting") {
    const UniqueFd listening = must_listen_on(kAnyPort);
    CHECK_FALSE(has_waiting(listening.get()));
    const UniqueFd client = connect_to(SocketAddress::local_of(listening.get()));
    REQUIRE(wait_for(listening.get(), POLLIN));
    CHECK(has_waiting(listening.get()));
    REQUIRE(accept_connection(listening.get()).status == AcceptStatus::accepted);
    CHECK_FALSE(has_waiting(listening.get()));
  }

  TEST_CASE("a client that has gone again is accepted or passed over, never a failure") {
    const UniqueFd listening = must_listen_on(kAnyPort);
    UniqueFd client = connect_to(SocketAddress::local_of(listening.get()));
    close_with_reset(client);
    REQUIRE(wait_for(listening.get(), POLLIN));
    const AcceptStatus status = accept_connection(listening.get()).status;
    CHECK((status == AcceptStatus::accepted || status == AcceptStatus::gone));
    CHECK(accept_connection(listening.get()).status == AcceptStatus::none_waiting);
  }

  TEST_CASE("no descriptor left is said, and the client waits until there is one") {
    const UniqueFd listening = must_listen_on(kAnyPort);
    const UniqueFd client = connect_to(SocketAddress::local_of(listening.get()));
    REQUIRE(wait_for(listening.get(), POLLIN));
    {
      const NoMoreDescriptors exhausted;
      const AcceptResult result = accept_connection(listening.get());
      CHECK(result.status == AcceptStatus::exhausted);
      CHECK(result.error == EMFILE);
      CHECK_FALSE(result.fd);
    }
    CHECK(accept_connection(listening.get()).status == AcceptStatus::accepted);
  }

  TEST_CASE("no descriptor left to listen with is said too") {
    const NoMoreDescriptors exhausted;
    const ListenResult result = listen_on(kAnyPort);
    CHECK(result.status == ListenStatus::failed);
    CHECK(contains(result.problem, "cannot open a socket for 127.0.0.1:0"));
  }

  TEST_CASE("a socket that does not listen has failed") {
    const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const AcceptResult result = accept_connection(socket.get());
    CHECK(result.status == AcceptStatus::failed);
    CHECK(result.error == EINVAL);
  }

  TEST_CASE("accepted connections inherit what the listening socket was tuned to") {
    const UniqueFd listening = must_listen_on(kAnyPort);
    tune_listening_socket(listening.get(), 30s);
    const UniqueFd client = connect_to(SocketAddress::local_of(listening.get()));
    const AcceptResult accepted = accept_next(listening.get());
    const int fd = accepted.fd.get();
    CHECK(option_of(fd, IPPROTO_TCP, TCP_NODELAY) == 1);
    CHECK(option_of(fd, SOL_SOCKET, SO_KEEPALIVE) == 1);
    CHECK(option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE) == 300);
    CHECK(option_of(fd, IPPROTO_TCP, TCP_KEEPINTVL) == 30);
    CHECK(option_of(fd, IPPROTO_TCP, TCP_KEEPCNT) == 4);
    CHECK(option_of(fd, IPPROTO_TCP, TCP_USER_TIMEOUT) == 30'000);
  }

  TEST_CASE("tuning again changes the time-out, and any length is taken") {
    const UniqueFd listening = must_listen_on(kAnyPort);
    const auto timeout_for = [&](std::chrono::milliseconds write_stall) {
      tune_listening_socket(listening.get(), write_stall);
      return option_of(listening.get(), IPPROTO_TCP, TCP_USER_TIMEOUT);
    };
    CHECK(timeout_for(5s) == 5000);
    CHECK(timeout_for(std::chrono::hours(24 * 365)) == INT32_MAX);
    CHECK(timeout_for(0s) == 0);
  }

  TEST_CASE("a Unix socket has nothing to tune") {
    const TemporaryFolder folder;
    const UniqueFd listening = must_listen_on(SocketAddress::unix_path(folder / "x.sock"));
    tune_listening_socket(listening.get(), 30s);
    CHECK(option_of(listening.get(), SOL_SOCKET, SO_KEEPALIVE) == 0);
  }
}

TEST_CASE("a socket takes the place of one that shares its port for the moment") {
  UniqueFd all = must_listen_on(SocketAddress::ipv4({0, 0, 0, 0}, 0));
  const std::uint16_t port = SocketAddress::local_of(all.get()).port();
  const SocketAddress one = SocketAddress::ipv4({127, 0, 0, 1}, port);
  CHECK(open_listening_socket(one, {.is_beside_ours = true}).status == ListenStatus::failed);
  let_share(all.get(), true);
  const ListenResult beside = open_listening_socket(one, {.is_beside_ours = true});
  let_share(all.get(), false);
  REQUIRE(beside.status == ListenStatus::ok);
  // Nobody else does.
  CHECK(open_listening_socket(SocketAddress::ipv4({127, 0, 0, 2}, port), {}).status ==
        ListenStatus::failed);
  all.reset();
  CHECK(open_listening_socket(one, {}).status == ListenStatus::failed);
}

}  // namespace
}  // namespace reactord
