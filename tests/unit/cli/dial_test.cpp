// SPDX-License-Identifier: MIT
// Several addresses in their turn, and what is said where none of them answers.
#include "tools/reactor-cli/net/dial.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "daemon/net/listening_socket.h"

namespace reactord::cli {
namespace {

using std::chrono::milliseconds;

Refusal refusal(const Endpoint& endpoint, int error) {
  const SocketAddress address = endpoint.path.empty()
                                    ? SocketAddress::ipv4({192, 0, 2, 1}, endpoint.port)
                                    : SocketAddress::unix_path(endpoint.path);
  return {endpoint, address, error};
}

std::string told(const std::vector<Refusal>& refusals) {
  return cannot_connect(refusals, "is it running?");
}

/// A port of 127.0.0.1 at which nobody listens, or somebody does as long as `fd` lives.
std::uint16_t port_of(const UniqueFd& fd) {
  return SocketAddress::local_of(fd.get()).port();
}

UniqueFd listening() {
  return open_listening_socket(SocketAddress::ipv4({127, 0, 0, 1}, 0), {}).fd;
}

TEST_CASE("the next address is tried where one refuses, and which one answered is told") {
  const UniqueFd server = listening();
  const Endpoint good{"127.0.0.1", port_of(server), ""};
  const Dialed dialed =
      dial(std::vector<Endpoint>{{"", 0, "/nowhere.sock"}, good}, milliseconds(5000));
  REQUIRE(dialed.fd);
  CHECK(dialed.endpoint == good);
  REQUIRE_EQ(dialed.refusals.size(), 1);
  CHECK_EQ(dialed.refusals[0].error, ENOENT);
}

/// An address that is silent: its backlog is full, so that the kernel drops who comes then.
class Crowded {
 public:
  Crowded() {
    ::listen(server_.get(), 0);
    while (!connect_one()) {
    }
  }
  [[nodiscard]] Endpoint endpoint() const { return {"127.0.0.1", port_of(server_), ""}; }

 private:
  /// True once the kernel keeps one waiting.
  bool connect_one() {
    const auto address = SocketAddress::local_of(server_.get());
    crowd_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    return ::connect(crowd_.back().get(), address.data(), address.size()) != 0 &&
           errno == EINPROGRESS;
  }

  UniqueFd server_ = listening();
  std::vector<UniqueFd> crowd_;
};

TEST_CASE(
    "an address that is silent gets a second at most while another is left, and no more than its "
    "share") {
  const Crowded server;
  const Endpoint one = server.endpoint();
  std::vector<milliseconds> waits;
  const WaitForConnect never = [&](int, std::chrono::steady_clock::time_point deadline) {
    waits.push_back(std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now()));
    return false;
  };
  const Dialed silent = dial(std::vector<Endpoint>{one, one, one}, milliseconds(600'000), never);
  CHECK_FALSE(silent.fd);
  REQUIRE_EQ(waits.size(), 3);
  CHECK(waits[0] <= milliseconds(1000));
  CHECK(waits[1] <= milliseconds(1000));
  CHECK(waits[2] > milliseconds(1000));
  CHECK(silent.timed_out());
  waits.clear();
  static_cast<void>(dial(std::vector<Endpoint>{one, one}, milliseconds(600), never));
  REQUIRE_FALSE(waits.empty());
  CHECK(waits[0] <= milliseconds(300));
}

TEST_CASE("a name without address is told where no other answers") {
  const Dialed dialed = dial(std::vector<Endpoint>{{"1.2.3.4.5 ", 7, ""}}, milliseconds(1000));
  CHECK_FALSE(dialed.fd);
  CHECK(dialed.refusals.empty());
  CHECK(dialed.unknown.starts_with("cannot find the address of '1.2.3.4.5 '"));
}

TEST_CASE("each address that was tried is named") {
  CHECK_EQ(told({refusal({"192.0.2.1", 7, ""}, ECONNREFUSED)}),
           "cannot connect to 192.0.2.1:7: Connection refused; is it running?");
  CHECK_EQ(told({refusal({"name", 7, ""}, ECONNREFUSED), refusal({"name", 7, ""}, ETIMEDOUT)}),
           "cannot connect to name:7 (192.0.2.1:7): Connection refused, nor to name:7 "
           "(192.0.2.1:7): Connection timed out; is it running?");
}

TEST_CASE("a Unix socket that this user may not write to") {
  CHECK_EQ(told({refusal({"", 0, "/run/x.sock"}, EACCES)}),
           "cannot connect to unix:/run/x.sock: Permission denied; user " +
               std::to_string(::geteuid()) +
               " may not write to that socket: run as root or as a member of its group (ls -l "
               "/run/x.sock)");
  CHECK_EQ(told({refusal({"", 0, "/run/x.sock"}, ENOENT)}),
           "cannot connect to unix:/run/x.sock: No such file or directory; is it running?");
  // A packet filter's, not a file's.
  CHECK_EQ(told({refusal({"192.0.2.1", 7, ""}, EACCES)}),
           "cannot connect to 192.0.2.1:7: Permission denied; is it running?");
}

TEST_CASE("a loopback that is down is told as such") {
  const Refusal v4{{"127.0.0.1", 7, ""}, SocketAddress::ipv4({127, 0, 0, 1}, 7), ENETUNREACH};
  CHECK_EQ(told({v4}),
           "cannot connect to 127.0.0.1:7: Network is unreachable; is the loopback interface up? "
           "(ip link set lo up)");
}

TEST_CASE("without a name, both loopback addresses are meant") {
  const std::vector<Endpoint> both = loopback(7000);
  REQUIRE_EQ(both.size(), 2);
  CHECK_EQ(to_string(both[0]), "127.0.0.1:7000");
  CHECK_EQ(to_string(both[1]), "[::1]:7000");
  CHECK_EQ(loopback_port(loopback_uri(7000)), 7000);
  CHECK_FALSE(loopback_port("tcp://127.0.0.1:7000").has_value());
}

}  // namespace
}  // namespace reactord::cli
