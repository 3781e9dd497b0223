// SPDX-License-Identifier: MIT
// Connecting to real listening sockets of this machine, with a service that does nothing by itself:
// time passes, and events are told, when the test says so.
#include "daemon/outgoing/server_connector.h"

#include <doctest/doctest.h>
#include <netinet/tcp.h>
#include <poll.h>

#include <optional>

#include "daemon/net/connecting_socket.h"
#include "daemon/net/listening_socket.h"
#include "daemon/outgoing/resp_client.h"
#include "daemon/testing/fake_service.h"
#include "tests/unit/support/listening.h"
#include "tests/unit/support/sockets.h"
#include "tests/unit/support/temporary_folder.h"

namespace reactord {
namespace {

using namespace std::chrono_literals;
using test::FakeService;

struct Attempt {
  explicit Attempt(std::string_view address) : Attempt(server_address(address)) {}
  explicit Attempt(ServerAddress address) : connector(std::in_place, service, address, 1000ms) {}

  void begin() {
    outcome.reset();
    fd = lowest_free_descriptor();
    connector->connect([this](ConnectOutcome seen) { outcome.emplace(std::move(seen)); });
    CHECK_FALSE(outcome);
  }
  /// The socket has something to tell.
  void tell() {
    REQUIRE(wait_for(fd, POLLOUT));
    service.fire(fd, {.writable = true, .hung_up = true});
  }
  [[nodiscard]] std::string problem() const {
    REQUIRE(outcome);
    CHECK(outcome->stream == nullptr);
    return outcome->problem;
  }

  FakeService service;
  std::optional<ConnectOutcome> outcome;
  int fd = -1;  ///< of the first socket of the attempt
  std::optional<ServerConnector> connector;
};

std::string listening_address(int fd) {
  return SocketAddress::local_of(fd).to_string();
}

int option(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  require(::getsockopt(fd, level, name, &value, &size) == 0, "getsockopt");
  return value;
}

TEST_CASE("connects to an IP, without delays and with a watch over silent connections") {
  const UniqueFd listening = test::must_listen_on(SocketAddress::ipv4({127, 0, 0, 1}, 0));
  Attempt attempt(listening_address(listening.get()));
  attempt.begin();
  CHECK_EQ(attempt.service.tasks(), 0);  // nothing to look up
  attempt.service.advance(0ms);
  attempt.tell();
  REQUIRE(attempt.outcome);
  REQUIRE(attempt.outcome->stream != nullptr);
  const int fd = attempt.outcome->stream->fd();
  CHECK_EQ(option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
  CHECK_EQ(option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
  CHECK_EQ(option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 60);
  CHECK_EQ(attempt.service.timers(), 0);
  CHECK_FALSE(attempt.service.is_watched(fd));
}

TEST_CASE("connects to a Unix socket") {
  const TemporaryFolder folder;
  const UniqueFd listening = test::must_listen_on(SocketAddress::unix_path(folder / "s"));
  Attempt attempt("unix:" + folder / "s");
  attempt.begin();
  attempt.service.advance(0ms);
  attempt.tell();
  REQUIRE(attempt.outcome);
  CHECK(attempt.outcome->stream != nullptr);
}

TEST_CASE("a name is looked up by a worker, and all of its addresses are tried in turn") {
  const UniqueFd listening = test::must_listen_on(SocketAddress::ipv4({127, 0, 0, 1}, 0));
  const std::uint16_t port = SocketAddress::local_of(listening.get()).port();
  Attempt attempt(ServerAddress{"localhost", port, ""});
  attempt.begin();
  CHECK_EQ(attempt.service.tasks(), 1);
  CHECK(attempt.service.run_task());
  for (int tries = 0; tries < 4 && !attempt.outcome; ++tries) attempt.tell();
  REQUIRE(attempt.outcome);
  CHECK(attempt.outcome->stream != nullptr);
}

TEST_CASE("nobody there: each address is told with what came of it") {
  Attempt nothing("unix:/nonexistent/socket");
  nothing.begin();
  nothing.service.advance(0ms);
  CHECK_EQ(nothing.problem(),
           "cannot connect: unix:/nonexistent/socket: No such file or directory");

  std::string address;
  {
    const UniqueFd listening = test::must_listen_on(SocketAddress::ipv4({127, 0, 0, 1}, 0));
    address = listening_address(listening.get());
  }
  Attempt refused(address);
  refused.begin();
  refused.service.advance(0ms);
  if (!refused.outcome) refused.tell();
  CHECK_EQ(refused.problem(), "cannot connect: " + address + ": Connection refused");
  CHECK_EQ(refused.service.timers(), 0);
}

TEST_CASE("of the addresses of a name a bounded number is tried, each with its share of the time") {
  Attempt attempt(ServerAddress{"many", 1, ""});
  attempt.connector.emplace(
      attempt.service, ServerAddress{"many", 1, ""}, 1000ms, [](const std::string&, std::uint16_t) {
        FoundAddresses found;
        for (int i = 0; i < 20; ++i)
          found.addresses.push_back(SocketAddress::unix_path("/nonexistent/" + std::to_string(i)));
        return found;
      });
  attempt.begin();
  CHECK(attempt.service.run_task());
  CHECK(attempt.problem().find("/nonexistent/15: ") != std::string::npos);
  CHECK(attempt.problem().find("/nonexistent/16: ") == std::string::npos);

  static SocketAddress silent;
  const UniqueFd listening = test::must_listen_on(SocketAddress::ipv4({127, 0, 0, 1}, 0));
  silent = SocketAddress::local_of(listening.get());
  attempt.connector.emplace(attempt.service, ServerAddress{"two", 1, ""}, 1000ms,
                            [](const std::string&, std::uint16_t) {
                              return FoundAddresses{{silent, silent}, ""};
                            });
  attempt.begin();
  CHECK(attempt.service.run_task());
  attempt.service.advance(500ms);  // the test tells no event of the first
  CHECK_FALSE(attempt.outcome);
  attempt.tell();
  REQUIRE(attempt.outcome);
  CHECK(attempt.outcome->stream != nullptr);
}

TEST_CASE("an address that is silent costs no more than the time of an attempt") {
  const UniqueFd listening = test::must_listen_on(SocketAddress::ipv4({127, 0, 0, 1}, 0));
  const std::string address = listening_address(listening.get());
  Attempt attempt(address);
  attempt.begin();
  attempt.service.advance(999ms);  // the test tells no event
  CHECK_FALSE(attempt.outcome);
  CHECK(attempt.service.is_watched(attempt.fd));
  attempt.service.advance(1ms);
  CHECK_EQ(attempt.problem(), "cannot connect: " + address + ": Connection timed out");
  CHECK_FALSE(attempt.service.is_watched(attempt.fd));
}

TEST_CASE("a resolver that hangs is not asked again by every attempt") {
  const UniqueFd listening = test::must_listen_on(SocketAddress::ipv4({127, 0, 0, 1}, 0));
  Attempt attempt(ServerAddress{"localhost", SocketAddress::local_of(listening.get()).port(), ""});
  attempt.begin();
  attempt.service.advance(1000ms);
  CHECK_EQ(attempt.problem(), "cannot connect: 'localhost' was not looked up within 1000 ms");
  attempt.begin();
  CHECK_EQ(attempt.service.tasks(), 1);
  CHECK(attempt.service.run_task());
  for (int tries = 0; tries < 4 && !attempt.outcome; ++tries) attempt.tell();
  REQUIRE(attempt.outcome);
  CHECK(attempt.outcome->stream != nullptr);
  attempt.begin();  // cached for no longer than the attempt
  CHECK_EQ(attempt.service.tasks(), 1);
}

TEST_CASE("a lookup that nobody waits for any more does nothing") {
  Attempt attempt(ServerAddress{"localhost", 1, ""});
  attempt.begin();
  attempt.connector->cancel();
  CHECK(attempt.service.run_task());
  CHECK_FALSE(attempt.outcome);
  attempt.begin();
  attempt.connector.reset();
  CHECK_EQ(attempt.service.tasks(), 0);
  CHECK_EQ(attempt.service.timers(), 0);
}

TEST_CASE("no worker, or no such name, is a problem of the attempt") {
  Attempt attempt(ServerAddress{"localhost", 1, ""});
  attempt.service.workers_are_full = true;
  attempt.begin();
  attempt.service.advance(0ms);
  CHECK_EQ(attempt.problem(), "cannot connect: no worker is free to look up 'localhost'");
  Attempt unknown(ServerAddress{"no..name", 1, ""});
  unknown.begin();
  CHECK(unknown.service.run_task());
  CHECK(unknown.problem().starts_with("cannot connect: cannot find the address of 'no..name': "));
}

TEST_CASE("a socket that has connected to itself is known") {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const SocketAddress any = SocketAddress::ipv4({127, 0, 0, 1}, 0);
  require(::bind(fd.get(), any.data(), any.size()) == 0, "bind");
  const SocketAddress own = SocketAddress::local_of(fd.get());
  require(::connect(fd.get(), own.data(), own.size()) == 0, "connect");
  CHECK(is_connected_to_itself(fd.get()));
  const SocketPair pair = tcp_pair();
  CHECK_FALSE(is_connected_to_itself(pair.ours.get()));
  const SocketPair unix = unix_pair();
  CHECK_FALSE(is_connected_to_itself(unix.ours.get()));
}

TEST_CASE("a client asks a real server, which goes away and comes back") {
  const TemporaryFolder folder;
  const SocketAddress place = SocketAddress::unix_path(folder / "s");
  UniqueFd listening = test::must_listen_on(place);
  FakeService service;
  RespClient client(service, {.address = "unix:" + folder / "s"});
  std::vector<std::string> seen;
  const std::string_view words[] = {"PING"};
  const auto ask = [&] {
    return client.request(words, [&](const RespResult& result) {
      seen.emplace_back(result.status == RespResult::Status::replied ? result.bytes : "none");
    });
  };
  for (int round = 0; round < 2; ++round) {
    const int ours = lowest_free_descriptor();
    while (!service.is_watched(ours)) REQUIRE(service.run_timer());
    service.fire(ours, {.writable = true});
    UniqueFd server = std::move(test::accept_next(listening.get()).fd);
    CHECK(ask() != 0);
    service.run_woken();
    CHECK_EQ(receive_text(server.get()), "*1\r\n$4\r\nPING\r\n");
    send_text(server.get(), "+PO");
    service.fire(ours, {.readable = true});
    send_text(server.get(), "NG\r\n");
    service.fire(ours, {.readable = true});
    CHECK_EQ(seen, std::vector<std::string>{"+PONG\r\n"});
    CHECK(ask() != 0);
    service.run_woken();
    server.reset();
    service.fire(ours, {.readable = true});
    CHECK_EQ(seen, std::vector<std::string>{"+PONG\r\n", "none"});
    seen.clear();
  }
}

}  // namespace
}  // namespace reactord
