// SPDX-License-Identifier: MIT
// What two processes say to each other when one takes over from the other: lines that may come in
// pieces, a descriptor with one of them, and ends in the middle.
#include "daemon/handover/take_over.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>

namespace reactord {
namespace {

using std::chrono::milliseconds;

struct Pair {
  Pair() {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) == 0);
    ours = UniqueFd(ends[0]);
    theirs = UniqueFd(ends[1]);
  }
  void say(std::string_view bytes) const {
    REQUIRE(::send(theirs.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(bytes.size()));
  }

  UniqueFd ours;
  UniqueFd theirs;
};

bool is_same_file(int one, int other) {
  struct stat first {};
  struct stat second {};
  return ::fstat(one, &first) == 0 && ::fstat(other, &second) == 0 &&
         first.st_ino == second.st_ino && first.st_dev == second.st_dev;
}

TEST_CASE("take over: lines are the same however they are cut") {
  Pair pair;
  TakeOverLine line(std::move(pair.ours));
  pair.say("+OK\r\n+PAR");
  CHECK(line.receive(milliseconds(0)).line == "+OK");
  const TakeOverLine::Answer nothing = line.receive(milliseconds(0));
  CHECK(nothing.problem == "it has said nothing for 0 s");
  CHECK_FALSE(nothing.has_ended);
  pair.say("CEL\r");
  CHECK_FALSE(line.receive(milliseconds(0)).problem.empty());
  pair.say("\n");
  CHECK(line.receive(milliseconds(0)).line == "+PARCEL");
}

TEST_CASE("take over: a descriptor comes with its line") {
  Pair pair;
  TakeOverLine ours(std::move(pair.ours));
  TakeOverLine theirs(std::move(pair.theirs));
  const UniqueFd given(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  CHECK(ours.send("+OK").empty());
  CHECK(ours.send("+PARCEL", given.get()).empty());
  CHECK(theirs.receive(milliseconds(0)).line == "+OK");
  CHECK(theirs.receive(milliseconds(0)).line == "+PARCEL");
  const UniqueFd taken = theirs.take_fd();
  REQUIRE(taken);
  CHECK(is_same_file(taken.get(), given.get()));
  CHECK_FALSE(theirs.take_fd());
}

TEST_CASE("take over: the end is told apart from silence") {
  Pair pair;
  TakeOverLine line(std::move(pair.ours));
  pair.say("+OK\r\n+half");
  pair.theirs.reset();
  CHECK(line.receive(milliseconds(0)).line == "+OK");
  const TakeOverLine::Answer answer = line.receive(milliseconds(0));
  CHECK(answer.has_ended);
  CHECK(answer.problem == "it has gone away");
  CHECK(line.send("SERVING") == "cannot tell it 'SERVING': Broken pipe");
}

TEST_CASE("take over: a line without an end") {
  Pair pair;
  TakeOverLine line(std::move(pair.ours));
  pair.say(std::string(4096, 'x'));
  CHECK(line.receive(milliseconds(0)).problem == "it says more than a line");
}

TEST_CASE("take over: who takes over serves once it has said so and was answered") {
  Pair pair;
  Successor successor(std::move(pair.ours));
  CHECK(successor.process() == ::getpid());
  const UniqueFd parcel(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  pair.say("SERVING\r\n");
  CHECK(successor.give(parcel).empty());
  TakeOverLine theirs(std::move(pair.theirs));
  CHECK(theirs.receive(milliseconds(0)).line == "+PARCEL");
  CHECK(theirs.receive(milliseconds(0)).line == "+OK");
}

TEST_CASE("take over: who takes over and says something else, or goes, does not serve") {
  const UniqueFd parcel(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  Pair pair;
  Successor successor(std::move(pair.ours));
  SUBCASE("another word") {
    pair.say("serving\r\n");
    CHECK(successor.give(parcel) == "it says 'serving', and not 'SERVING'");
    successor.refuse("we serve on");
    TakeOverLine theirs(std::move(pair.theirs));
    CHECK(theirs.receive(milliseconds(0)).line == "+PARCEL");
    CHECK(theirs.receive(milliseconds(0)).line == "-ERR we serve on");
  }
  SUBCASE("gone with the parcel") {
    ::shutdown(pair.theirs.get(), SHUT_WR);
    CHECK(successor.give(parcel) == "it has gone away");
  }
  SUBCASE("gone before") {
    pair.theirs.reset();
    CHECK(successor.give(parcel) == "cannot tell it '+PARCEL': Broken pipe");
  }
  SUBCASE("serves, and is gone before it hears that it may") {
    pair.say("SERVING\r\n");
    ::shutdown(pair.theirs.get(), SHUT_RD);
    CHECK_FALSE(successor.give(parcel).empty());
  }
}

TEST_CASE("take over: a socket that is no Unix socket is nobody's") {
  const UniqueFd tcp(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  CHECK(why_no_successor(tcp.get()) == "it takes a Unix socket of an admin listener");
  const Pair pair;
  CHECK(why_no_successor(pair.ours.get()).empty());
}

}  // namespace
}  // namespace reactord
