// SPDX-License-Identifier: MIT
// Connections on real sockets, kept, and found again as by a process that follows.
#include "daemon/keeping/kept_connections.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "daemon/keeping/found_connections.h"
#include "daemon/keeping/socket_cookie.h"
#include "tests/unit/support/table_bench.h"

using namespace reactord;
using namespace std::chrono_literals;
using reactord::test::TableBench;
using reactord::test::TokenSink;

namespace {

class KeptBench {
 public:
  KeptBench() {
    bench.open_to_all.listener = &name_;
    REQUIRE(kept.start() == "");
  }
  ~KeptBench() {
    kept.stop();
    bench.close_all();
  }
  KeptBench(const KeptBench&) = delete;
  KeptBench& operator=(const KeptBench&) = delete;

  Connection& open_tcp() {
    SocketPair pair = tcp_pair();
    REQUIRE(bench.table.open(std::move(pair.ours), TableBench::peer(1), bench.open_to_all));
    bench.far_ends.push_back(std::move(pair.theirs));
    return *bench.table.find_client(bench.table.opened());
  }
  void open(int count) {
    for (int i = 0; i < count; ++i) bench.open(bench.open_to_all);
  }
  void pass(std::chrono::seconds time) {
    bench.clock.advance(time);
    TokenSink nobody(0, [](Token) {});
    bench.loop.stay_awake();
    bench.loop.run_turn(nobody);
  }
  /// A round, and all that it has to do.
  void go_round() {
    kept.look();
    go_on();
  }
  void go_on() {
    while (kept.has_more()) kept.go_on();
  }
  /// As the end of a turn does it.
  void close(Connection& connection) {
    connection.abort(CloseReason::closed_killed);
    while (bench.table.end_turn()) continue;
  }
  /// What a process that follows finds: this one is killed, and closes nothing itself.
  [[nodiscard]] FoundConnections find() {
    const UniqueFd end(::dup(kept.kept_end()));
    return find_kept(end.get(), std::chrono::duration_cast<std::chrono::seconds>(
                                    bench.loop.now().time_since_epoch()));
  }

  TableBench bench{{.clients = 1000, .admins = 2}};
  KeptConnections kept{bench.table, bench.loop, bench.events, bench.loop_context};

 private:
  std::string name_ = "main";
};

std::vector<std::uint64_t> ids_of(const FoundConnections& found) {
  std::vector<std::uint64_t> ids;
  for (const auto& [fd, kept] : found.connections) ids.push_back(kept.saved.client_id);
  std::ranges::sort(ids);
  return ids;
}

}  // namespace

TEST_CASE("kept connections: those that are older than a second, with what they are") {
  KeptBench bench;
  bench.open(2);
  bench.go_round();
  CHECK(bench.kept.kept() == 0);
  bench.bench.table.find_client(2)->session().set_name("me");
  bench.pass(1s);
  bench.open(1);
  bench.go_round();
  CHECK(bench.kept.kept() == 2);
  const FoundConnections found = bench.find();
  CHECK(found.problem == "");
  CHECK(ids_of(found) == std::vector<std::uint64_t>{1, 2});
  CHECK(found.last_client_id == 3);
  CHECK(found.unknown == 0);
  for (const auto& [fd, kept] : found.connections) {
    CHECK(kept.standing == Standing::at_rest);
    CHECK(kept.saved.listener == "main");
    CHECK(kept.saved.age == 1s);
    CHECK(kept.saved.name == (kept.saved.client_id == 2 ? "me" : ""));
    // The socket is the client's own.
    send_text(fd.get(), "hello");
    CHECK(receive_text(bench.bench.far_ends[kept.saved.client_id - 1].get()) == "hello");
  }
  CHECK(bench.find().connections.empty());
}

TEST_CASE("kept connections: many, in several messages, the oldest first") {
  KeptBench bench;
  bench.open(300);
  bench.pass(5s);
  bench.open(300);
  bench.pass(1s);
  bench.kept.look();
  bench.kept.go_on();
  CHECK(bench.kept.kept() == KeptQueue::kMaxSockets);
  bench.go_on();
  CHECK(bench.kept.kept() == 600);
  bench.go_round();
  CHECK(bench.kept.waiting() == 600);
  const FoundConnections found = bench.find();
  REQUIRE(found.connections.size() == 600);
  CHECK(found.connections.front().kept.saved.age == 6s);
  CHECK(found.connections.back().kept.saved.age == 1s);
}

TEST_CASE("kept connections: what a session says is noted when it has changed") {
  KeptBench bench;
  bench.open(1);
  bench.pass(1s);
  bench.go_round();
  Connection& connection = *bench.bench.table.find_client(1);
  connection.session().set_name("me");
  connection.session().set_protocol(3);
  send_text(bench.bench.far_ends[0].get(), "*1\r\n$4\r\nPING\r\n");
  connection.on_event({.readable = true});
  const FoundConnections found = bench.find();
  REQUIRE(found.connections.size() == 1);
  CHECK(found.connections[0].kept.saved.name == "me");
  CHECK(found.connections[0].kept.saved.protocol == 3);
  CHECK(found.connections[0].kept.saved.past_first);
}

TEST_CASE("kept connections: one that ends is closed for its client at once") {
  KeptBench bench;
  Connection& connection = bench.open_tcp();
  bench.pass(1s);
  bench.go_round();
  const int far_end = bench.bench.far_ends[0].get();
  bench.close(connection);
  CHECK(wait_for(far_end, POLLIN));
  char byte = 0;
  CHECK(::recv(far_end, &byte, 1, MSG_DONTWAIT) == 0);
  CHECK(bench.kept.kept() == 0);
  CHECK(bench.kept.waiting() == 1);
  const FoundConnections found = bench.find();
  CHECK(found.connections.empty());
  CHECK(found.unknown == 1);
}

TEST_CASE("kept connections: one that is to end by a reset does, though others have its socket") {
  KeptBench bench;
  bench.open(5);
  Connection& connection = bench.open_tcp();
  bench.pass(1s);
  bench.go_round();
  const int far_end = bench.bench.far_ends.back().get();
  connection.stream().reset_on_close();
  bench.close(connection);
  REQUIRE(bench.kept.has_more());
  bench.go_on();
  CHECK(wait_for(far_end, POLLIN));
  char byte = 0;
  CHECK(::recv(far_end, &byte, 1, MSG_DONTWAIT) < 0);
  CHECK(errno == ECONNRESET);
  CHECK(bench.kept.waiting() == 5);
  CHECK(bench.find().connections.size() == 5);
}

TEST_CASE("kept connections: the queue is thinned where its greater part has ended") {
  KeptBench bench;
  std::size_t most = 0;
  for (int round = 0; round < 40; ++round) {
    bench.open(100);
    bench.pass(1s);
    bench.go_round();
    for (std::uint64_t id = bench.bench.table.opened() - 99; id < bench.bench.table.opened(); ++id)
      bench.close(*bench.bench.table.find_client(id));
    bench.go_on();
    most = std::max(most, bench.kept.waiting());
  }
  CHECK(most < 300);
  CHECK(bench.kept.kept() == 40);
  CHECK(ids_of(bench.find()).size() == 40);
}

TEST_CASE("kept connections: what little has ended goes in time") {
  KeptBench bench;
  bench.open(3);
  bench.pass(1s);
  bench.go_round();
  bench.close(*bench.bench.table.find_client(2));
  bench.go_on();
  CHECK(bench.kept.waiting() == 3);
  for (int round = 0; round < 60; ++round) bench.go_round();
  CHECK(bench.kept.waiting() == 2);
  CHECK(ids_of(bench.find()) == std::vector<std::uint64_t>{1, 3});
}

TEST_CASE("kept connections: who comes one at a time does not fill the queue") {
  KeptBench bench;
  for (int round = 0; round < 300; ++round) {
    bench.open(1);
    bench.pass(1s);
    bench.go_round();
  }
  CHECK(bench.kept.kept() == 300);
  std::size_t messages = 0;
  while (!receive_with_fds(bench.kept.kept_end(), 1).fds.empty()) ++messages;
  CHECK(messages < 65);
}

TEST_CASE("kept connections: messages with few that live become one, in a turn") {
  KeptBench bench;
  for (int round = 0; round < 40; ++round) {
    bench.open(1);
    bench.pass(1s);
    bench.go_round();
  }
  bench.close(*bench.bench.table.find_client(7));
  REQUIRE_FALSE(bench.kept.has_more());
  for (int round = 0; round < 60 && !bench.kept.has_more(); ++round) bench.kept.look();
  REQUIRE(bench.kept.has_more());
  bench.kept.go_on();
  CHECK_FALSE(bench.kept.has_more());
  CHECK(bench.kept.waiting() == 39);
  const FdMessage only = receive_with_fds(bench.kept.kept_end(), 1);
  CHECK(only.fds.size() == 40);
}

TEST_CASE("kept connections: killed while it is thinned, everybody is found once") {
  KeptBench bench;
  bench.open(600);
  bench.pass(1s);
  bench.go_round();
  for (std::uint64_t id = 1; id <= 301; ++id) bench.close(*bench.bench.table.find_client(id));
  REQUIRE(bench.kept.has_more());
  bench.kept.go_on();
  const FoundConnections found = bench.find();
  CHECK(found.connections.size() == 299);
}

TEST_CASE(
    "found connections: a socket that is there twice is one; one that nobody knows is closed") {
  KeptQueue queue;
  KeptTable table;
  REQUIRE(queue.open() == "");
  REQUIRE(table.open(1) == "");
  const SocketPair known = unix_pair();
  const SocketPair unknown = unix_pair();
  SavedConnection saved;
  saved.listener = "main";
  REQUIRE(table.put(0, socket_cookie(known.ours.get()), saved, 0s));
  for (int i = 0; i < 2; ++i)
    CHECK(queue.put(std::vector{table.memory().fd(), known.ours.get(), unknown.ours.get()}));
  const FoundConnections found = find_kept(queue.kept_end(), 0s);
  CHECK(found.problem == "");
  CHECK(found.connections.size() == 1);
  char byte = 0;
  CHECK(::recv(unknown.theirs.get(), &byte, 1, MSG_DONTWAIT) == 0);
  CHECK(::recv(known.theirs.get(), &byte, 1, MSG_DONTWAIT) < 0);
}

TEST_CASE("found connections: a table that is none costs all, and nothing else") {
  KeptQueue queue;
  REQUIRE(queue.open() == "");
  const SocketPair pair = unix_pair();
  CHECK(queue.put(std::vector{pair.ours.get(), pair.ours.get()}));
  const FoundConnections found = find_kept(queue.kept_end(), 0s);
  CHECK(found.problem == "its table is no memory that reactord has sealed");
  CHECK(found.connections.empty());
  CHECK(find_kept(queue.kept_end(), 0s).problem == "");
}

TEST_CASE("kept queue: it is bounded, and the oldest goes first") {
  KeptQueue queue;
  REQUIRE(queue.open() == "");
  const SocketPair first = unix_pair();
  const SocketPair others = unix_pair();
  REQUIRE(queue.put(std::vector{first.ours.get()}));
  int messages = 1;
  for (; messages < 1'000'000 && queue.put(std::vector{others.ours.get()}); ++messages) continue;
  CHECK(errno == EAGAIN);
  CHECK(messages > 100);
  CHECK(queue.drop_oldest());
  const FdMessage second = receive_with_fds(queue.kept_end(), 1);
  REQUIRE(second.fds.size() == 1);
  CHECK(socket_cookie(second.fds[0].get()) == socket_cookie(others.ours.get()));
}

TEST_CASE("kept connections: nobody is left where it stops") {
  KeptBench bench;
  Connection& connection = bench.open_tcp();
  bench.pass(1s);
  bench.go_round();
  const UniqueFd end(::dup(bench.kept.kept_end()));
  bench.kept.stop();
  CHECK_FALSE(bench.kept.is_on());
  CHECK(find_kept(end.get(), 0s).connections.empty());
  connection.on_event({.readable = true});
  bench.close(connection);
  CHECK(wait_for(bench.bench.far_ends[0].get(), POLLIN));
}
