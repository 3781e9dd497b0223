// SPDX-License-Identifier: MIT
#include "daemon/handover/parcel.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <vector>

#include "tests/unit/support/sockets.h"

using namespace reactord;

namespace {

/// Pipes, into the n-th of which the number n was written.
std::vector<UniqueFd> numbered(std::size_t count) {
  std::vector<UniqueFd> readers;
  for (std::size_t i = 0; i < count; ++i) {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    readers.emplace_back(ends[0]);
    const UniqueFd writer(ends[1]);
    REQUIRE(::write(writer.get(), &i, sizeof i) == sizeof i);
  }
  return readers;
}

std::vector<int> borrowed(const std::vector<UniqueFd>& fds) {
  std::vector<int> plain;
  for (const UniqueFd& fd : fds) plain.push_back(fd.get());
  return plain;
}

}  // namespace

TEST_CASE("parcel: what is packed comes out, in order, also once the packer has let it go") {
  for (const std::size_t count : {0u, 1u, 253u, 254u, 600u}) {
    CAPTURE(count);
    std::vector<UniqueFd> fds = numbered(count);
    const std::string bytes(100'000, 'x');
    Parcel parcel = pack(bytes, borrowed(fds));
    REQUIRE(parcel.problem == "");
    fds.clear();
    parcel.other_end.reset();
    const UnpackedParcel out = unpack(parcel.fd.get(), bytes.size(), count);
    CHECK(out.problem == "");
    CHECK(out.bytes == bytes);
    REQUIRE(out.fds.size() == count);
    for (std::size_t i = 0; i < count; ++i) {
      std::size_t number = 0;
      CHECK(::read(out.fds[i].get(), &number, sizeof number) == sizeof number);
      CHECK(number == i);
      CHECK((::fcntl(out.fds[i].get(), F_GETFD) & FD_CLOEXEC) != 0);
    }
    CHECK(unpack(parcel.fd.get(), bytes.size(), count).problem == "it is empty");
  }
}

TEST_CASE("parcel: it tells when nobody has it any more") {
  Parcel parcel = pack("state", {});
  CHECK_FALSE(parcel.is_lost());
  UniqueFd kept(::dup(parcel.fd.get()));
  parcel.fd.reset();
  CHECK_FALSE(parcel.is_lost());
  kept.reset();
  CHECK(parcel.is_lost());
}

TEST_CASE("parcel: what does not fit, or is none, is told") {
  Parcel large = pack("state", {});
  CHECK(unpack(large.fd.get(), 4, 0).problem ==
        "what is in front of its descriptors is no state of theirs");
  const std::vector<UniqueFd> fds = numbered(1);
  CHECK(unpack(fds[0].get(), 100, 100).problem.starts_with("recvmsg: "));
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) == 0);
  const UniqueFd one(ends[0]);
  const UniqueFd other(ends[1]);
  REQUIRE(::send(other.get(), "x", 1, 0) == 1);
  CHECK(unpack(one.get(), 100, 100).problem == "it is empty");
}

TEST_CASE("parcel: nothing stays in one that cannot be understood") {
  std::vector<UniqueFd> fds = numbered(300);
  Parcel parcel = pack("state", borrowed(fds));
  REQUIRE(parcel.problem == "");
  CHECK(unpack(parcel.fd.get(), 4, 300).problem != "");
  char byte = 0;
  CHECK(::recv(parcel.fd.get(), &byte, 1, MSG_DONTWAIT) == -1);
  CHECK(errno == EAGAIN);
}

TEST_CASE("parcel: what is no descriptor is not packed") {
  const std::vector<int> fds{-1};
  CHECK(pack("state", fds).problem == "sendmsg of connections: Bad file descriptor");
}
