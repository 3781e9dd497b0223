// SPDX-License-Identifier: MIT
// The desk by itself: who waits, who is told of it, what becomes of a message.
#include "daemon/handlers/operator/operator_desk.h"

#include <doctest/doctest.h>

#include <list>
#include <string>

#include "daemon/testing/fake_context.h"
#include "daemon/testing/fake_service.h"

using namespace reactord;
using namespace std::chrono_literals;
using reactord::test::FakeContext;
using reactord::test::FakeService;

namespace {

struct Client : FakeContext {
  explicit Client(std::uint64_t number) { id = number; }
  /// What was written to it so far.
  std::string take() { return take_output(); }
};

/// Members in the order in which the daemon has them: the desk goes before the connections.
struct Bench {
  std::list<Client> clients;
  FakeService service;
  OperatorDesk desk{service, [](const WaitingMessage& message, ReplyWriter& reply) {
                      reply.bulk("nobody for " + message.text);
                    }};

  ~Bench() {
    for (Client& client : clients) leave(client);
  }
  Client& client(std::uint64_t number) { return clients.emplace_back(number); }

  /// As at a connection's end.
  static void leave(Client& who) { who.state_of_connection.reset(); }
  static std::string resp(std::string_view kind, std::string_view id, std::string_view by = {}) {
    std::string push = by.empty() ? "*3\r\n" : "*4\r\n";
    push += "$8\r\noperator\r\n$" + std::to_string(kind.size()) + "\r\n" + std::string(kind) +
            "\r\n:" + std::string(id) + "\r\n";
    if (!by.empty()) push += "$" + std::to_string(by.size()) + "\r\n" + std::string(by) + "\r\n";
    return push;
  }
};

const std::string kHelloFromOne =
    "*6\r\n$8\r\noperator\r\n$7\r\nmessage\r\n:1\r\n$15\r\n127.0.0.1:50000\r\n$4\r\nopen\r\n$5\r\n"
    "hello\r\n";

}  // namespace

TEST_CASE("desk: it is open while an operator is attached and there is room") {
  Bench bench;
  Client& ada = bench.client(1);
  Client& guest = bench.client(2);
  CHECK_FALSE(bench.desk.is_open(1));
  REQUIRE(bench.desk.join("ada", ada) == "");
  CHECK(bench.desk.is_open(1));
  bench.desk.add("hello", 0ms, guest);
  CHECK_FALSE(bench.desk.is_open(1));
  CHECK(bench.desk.is_open(2));
  Bench::leave(ada);
  CHECK_FALSE(bench.desk.is_open(2));
  CHECK(bench.desk.waiting().size() == 1);  // a next operator may come in time
}

TEST_CASE("desk: a message is pushed to all and answered once") {
  Bench bench;
  Client& ada = bench.client(1);
  Client& bob = bench.client(2);
  Client& guest = bench.client(3);
  REQUIRE(bench.desk.join("ada", ada) == "");
  REQUIRE(bench.desk.join("bob", bob) == "");
  CHECK(ada.take() == "*3\r\n$8\r\noperator\r\n$6\r\njoined\r\n$3\r\nbob\r\n");
  bench.desk.add("hello", 0ms, guest);
  CHECK(ada.take() == kHelloFromOne);
  CHECK(bob.take() == kHelloFromOne);
  CHECK(bench.desk.reply(1, "hi", {"bob", 2}) == "");
  CHECK(guest.take() == "$2\r\nhi\r\n");
  CHECK(ada.take() == Bench::resp("answered", "1", "bob"));
  CHECK(bob.take() == "");
  CHECK(bench.desk.reply(1, "again", {"ada", 1}) == "ERR message 1 was answered by bob");
  CHECK(guest.take() == "");
  CHECK(bench.desk.operators().back().answered == 1);
  Bench::leave(ada);
  CHECK(bob.take() == "*3\r\n$8\r\noperator\r\n$4\r\nleft\r\n$3\r\nada\r\n");
}

TEST_CASE("desk: a rejection is an error to the client") {
  Bench bench;
  Client& ada = bench.client(1);
  Client& guest = bench.client(2);
  REQUIRE(bench.desk.join("ada", ada) == "");
  bench.desk.add("hello", 0ms, guest);
  CHECK(bench.desk.reject(1, "not today", {"client 9", 9}) == "");
  CHECK(guest.take() == "-REJECTED not today\r\n");
  CHECK(ada.take().ends_with(Bench::resp("rejected", "1", "client 9")));
  CHECK(bench.desk.reply(1, "hi", {"ada", 1}) == "ERR message 1 was rejected by client 9");
  CHECK(bench.desk.reply(2, "hi", {"ada", 1}) == "ERR there is no message 2");
  CHECK(bench.desk.reply(1 + 1024, "hi", {"ada", 1}) == "ERR there is no message 1025");
}

TEST_CASE("desk: time brings the fallback") {
  Bench bench;
  Client& ada = bench.client(1);
  Client& guest = bench.client(2);
  REQUIRE(bench.desk.join("ada", ada) == "");
  bench.desk.add("hello", 5s, guest);
  ada.take();
  REQUIRE(bench.service.timers() == 1);
  bench.service.advance(5s);
  CHECK(guest.take() == "$16\r\nnobody for hello\r\n");
  CHECK(ada.take() == Bench::resp("expired", "1"));
  CHECK(bench.desk.reply(1, "hi", {"ada", 1}) ==
        "ERR message 1 has expired: its client got the fallback");
}

TEST_CASE("desk: a client that has finished sending still waits; one that has gone does not") {
  Bench bench;
  Client& ada = bench.client(1);
  Client& patient = bench.client(2);
  Client& leaving = bench.client(3);
  REQUIRE(bench.desk.join("ada", ada) == "");
  bench.desk.add("one", 0ms, patient);
  bench.desk.add("two", 0ms, leaving);
  ada.take();
  patient.finish_sending();
  CHECK(ada.take() == Bench::resp("finished", "1"));
  CHECK(bench.desk.find(1)->has_finished);
  leaving.leave();
  CHECK(ada.take() == Bench::resp("gone", "2"));
  CHECK(bench.desk.reply(2, "hi", {"ada", 1}) == "ERR the client of message 2 has gone");
  CHECK(bench.desk.reply(1, "hi", {"ada", 1}) == "");
  CHECK(patient.take() == "$2\r\nhi\r\n");

  Client& finished = bench.client(4);
  finished.has_finished = true;
  bench.desk.add("three", 0ms, finished);
  CHECK(ada.take().find("$8\r\nfinished\r\n$5\r\nthree") != std::string::npos);
}

TEST_CASE("desk: an answer that met a reset is told of as uncertain, to the one who gave it too") {
  Bench bench;
  Client& ada = bench.client(1);
  Client& guest = bench.client(2);
  REQUIRE(bench.desk.join("ada", ada) == "");
  bench.desk.add("hello", 0ms, guest);
  REQUIRE(bench.desk.reply(1, "hi", {"ada", 1}) == "");
  ada.take();
  guest.port.on_uncertain();
  CHECK(ada.take() == Bench::resp("uncertain", "1", "ada"));
  CHECK(bench.service.logged.size() == 1);
}

TEST_CASE("desk: what a slow operator misses is counted, and said before the next push") {
  Bench bench;
  Client& ada = bench.client(1);
  Client& guest = bench.client(2);
  REQUIRE(bench.desk.join("ada", ada) == "");
  ada.port.push_result = PushResult::dropped;
  bench.desk.add("one", 0ms, guest);
  bench.desk.add("two", 0ms, guest);
  CHECK(ada.take() == "");
  ada.port.push_result = PushResult::queued;
  guest.finish_sending();
  CHECK(ada.take() == "*3\r\n$8\r\noperator\r\n$7\r\ndropped\r\n:2\r\n" +
                          Bench::resp("finished", "1") + Bench::resp("finished", "2"));
  CHECK(bench.desk.operators().front().dropped == 2);
}

TEST_CASE("desk: what a slow operator missed is said without a next push, once it reads again") {
  Bench bench;
  Client& ada = bench.client(1);
  Client& guest = bench.client(2);
  REQUIRE(bench.desk.join("ada", ada) == "");
  ada.port.push_result = PushResult::dropped;
  bench.desk.add("one", 0ms, guest);
  bench.desk.add("two", 0ms, guest);
  REQUIRE(bench.service.timers() == 1);  // one for all that is dropped
  bench.service.run_timer();
  CHECK(ada.take() == "");
  REQUIRE(bench.service.timers() == 1);  // it still does not read: later again
  ada.port.push_result = PushResult::queued;
  bench.service.run_timer();
  CHECK(ada.take() == "*3\r\n$8\r\noperator\r\n$7\r\ndropped\r\n:2\r\n");
  CHECK(bench.service.timers() == 0);
  bench.desk.add("three", 0ms, guest);
  CHECK(ada.take().find("dropped") == std::string::npos);
}

TEST_CASE("desk: stopping gives all that wait the fallback and takes no more") {
  Bench bench;
  Client& ada = bench.client(1);
  Client& one = bench.client(2);
  Client& two = bench.client(3);
  REQUIRE(bench.desk.join("ada", ada) == "");
  bench.desk.add("1", 5s, one);
  bench.desk.add("2", 5s, two);
  bench.desk.stop();
  CHECK(one.take() == "$12\r\nnobody for 1\r\n");
  CHECK(two.take() == "$12\r\nnobody for 2\r\n");
  CHECK_FALSE(bench.desk.is_open(100));
}

TEST_CASE("desk: names are taken once, and the number of operators is bounded") {
  Bench bench;
  for (std::uint64_t i = 0; i < OperatorDesk::kMaxOperators; ++i)
    REQUIRE(bench.desk.join("op" + std::to_string(i), bench.client(i + 1)) == "");
  Client& late = bench.client(1000);
  CHECK(bench.desk.join("op3", late) ==
        "ERR an operator called op3 is attached: join under another name");
  CHECK(bench.desk.join("late", late) ==
        "ERR 64 operators are attached, which is the most there may be");
  CHECK(bench.desk.join("other", bench.clients.front()) == "ERR you have joined as op0 already");
  CHECK(bench.desk.leave(1));
  CHECK_FALSE(bench.desk.leave(1));
  CHECK(bench.desk.join("late", late) == "");
  late.own_session.set_name("night shift");
  CHECK(bench.desk.answerer(late).name == "late");
  CHECK(bench.desk.answerer(bench.clients.front()).name == "client 1");
}

// --- to another process

namespace {

/// What was saved of the only thing that was promised to it.
std::string saved_of(const Client& client) {
  REQUIRE(client.port.promises.size() == 1);
  return client.port.promises.begin()->second.save();
}

}  // namespace

TEST_CASE("desk: a message goes on with what is left of its time, under its number") {
  Bench before;
  Client& guest = before.client(2);
  before.desk.add("gone by then", 0ms, before.client(3));
  before.desk.add("two  blanks ", 5s, guest);
  before.service.advance(2s);
  guest.has_finished = true;
  guest.finish_sending();
  CHECK(saved_of(guest) == "2 2000 3000 1 two  blanks ");

  Bench after;
  after.service.advance(100s);
  Client& ada = after.client(1);
  REQUIRE(after.desk.resume("9 0 0 0 ada", ada));
  Client& same = after.client(2);
  same.has_finished = true;
  same.time = after.service.now();
  REQUIRE(after.desk.resume_message(saved_of(guest), same));
  const WaitingMessage* message = after.desk.find(2);
  REQUIRE(message != nullptr);
  CHECK(message->text == "two  blanks ");
  CHECK(message->has_finished);
  CHECK(after.service.now() - message->arrived == 2s);
  CHECK(ada.take() == "");  // it knows already
  same.finish_sending();
  CHECK(ada.take() == "");
  after.service.advance(2999ms);
  CHECK(same.take() == "");
  after.service.advance(1ms);
  CHECK(same.take() == "$23\r\nnobody for two  blanks \r\n");
  CHECK(ada.take() == Bench::resp("expired", "2"));
  after.desk.add("next", 0ms, after.client(4));
  CHECK(after.desk.find(10) != nullptr);
}

TEST_CASE("desk: a message that waits for ever goes on waiting") {
  Bench before;
  Client& guest = before.client(2);
  before.desk.add("", 0ms, guest);
  CHECK(saved_of(guest) == "1 0 -1 0 ");
  Bench after;
  Client& same = after.client(2);
  REQUIRE(after.desk.resume_message(saved_of(guest), same));
  after.service.advance(24h);
  CHECK(after.desk.reply(1, "late", {"ada", 1}) == "");
  CHECK(same.take() == "$4\r\nlate\r\n");
}

TEST_CASE("desk: what is no message of a process before is refused") {
  Bench bench;
  Client& guest = bench.client(2);
  for (const char* state :
       {"", "1", "1 2 3 4", "x 0 0 0 t", "1 0 0  t", "0 0 -1 0 t", "-1 0 -1 0 t", "1 -1 0 0 t",
        "1 0 -2 0 t", "1 9223372036854775807 0 0 t", "1 0 9223372036854775807 0 t",
        "9223372036854775808 0 0 0 t"}) {
    CAPTURE(state);
    CHECK_FALSE(bench.desk.resume_message(state, guest));
  }
  CHECK(bench.desk.waiting().empty());
  REQUIRE(bench.desk.resume_message("1 0 -1 0 t", guest));
  CHECK_FALSE(bench.desk.resume_message("1 0 -1 0 t", bench.client(3)));
}

TEST_CASE("desk: at a restart those that go on get no fallback; called off, they do") {
  Bench bench;
  for (std::uint64_t i = 1; i <= 100; ++i) {
    Client& guest = bench.client(i);
    guest.port.goes_on_with_promises = i % 2 == 0;
    bench.desk.add("t", 0ms, guest);
  }
  bench.desk.stop();
  CHECK(bench.desk.waiting().size() == 68);  // 32 at once
  bench.service.advance(0ms);
  CHECK(bench.desk.waiting().size() == 50);
  for (const auto& [id, message] : bench.desk.waiting()) CHECK(id % 2 == 0);
  CHECK_FALSE(bench.desk.is_open(1000));
  for (Client& client : bench.clients) client.port.goes_on_with_promises = false;
  bench.desk.stop();
  bench.service.advance(0ms);
  CHECK(bench.desk.waiting().empty());
}

TEST_CASE("desk: thousands that go on are passed over in shares") {
  Bench bench;
  for (std::uint64_t i = 1; i <= 2049; ++i) {
    Client& guest = bench.client(i);
    guest.port.goes_on_with_promises = i <= 2048;
    bench.desk.add("t", 0ms, guest);
  }
  bench.desk.stop();
  CHECK(bench.desk.waiting().size() == 2049);  // it has not come to the last
  bench.service.advance(0ms);
  CHECK(bench.desk.waiting().size() == 2048);
}
