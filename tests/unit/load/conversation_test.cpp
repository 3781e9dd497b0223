// SPDX-License-Identifier: MIT
// Replies against what is owed, without a socket: right, wrong, missing, surplus and broken ones,
// each at every cut.
#include "tools/reactor-load/run/conversation.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/unit/support/fake_clock.h"
#include "tools/reactor-load/scenario/scenario_loader.h"

namespace reactord::load {
namespace {

using namespace std::chrono_literals;

/// One group's conversation; `steps` is what stands in the scenario.
class Talk {
 public:
  explicit Talk(const std::string& steps, const std::string& more = "", const std::string& run = "")
      : plan_(make(steps, more, run)),
        tally_(plan_.empty_tally()),
        talk_(plan_.groups[0], plan_.scenario.wire,
              Ledger{&tally_, &tally_.groups[0], &recent_, &scratch_}) {
    talk_.begin({3, 2});
  }

  void write(std::uint32_t index) {
    talk_.write(index, state_);
    talk_.stamp(clock.now());
  }
  std::string ask(std::uint32_t index = 0) {
    write(index);
    std::string sent(talk_.unsent());
    talk_.sent(sent.size());
    return sent;
  }
  Heard hear(std::string_view bytes) { return talk_.receive(bytes, clock.now()); }

  GroupTally& group() { return tally_.groups[0]; }
  Conversation& talk() { return talk_; }
  std::string failure() {
    return tally_.failures.empty() ? "" : to_string(tally_.failures.front());
  }

  FakeClock clock;

 private:
  static Plan make(const std::string& steps, const std::string& more, const std::string& run) {
    const std::string toml = "[run]\n" + run + "\n[[group]]\nname = \"g\"\nloops = 1\n" + more +
                             "\nsteps = [" + steps + "]";
    LoadedScenario loaded = parse_scenario(toml, "x", "");
    REQUIRE(loaded.problems.empty());
    return make_plan(std::move(loaded.scenario), SocketAddress::ipv4({127, 0, 0, 1}, 1));
  }

  Plan plan_;
  Tally tally_;
  Histogram recent_;
  std::string scratch_;
  GeneratorState state_{Rng(1), 1, 0, {}};
  Conversation talk_;
};

TEST_CASE("bytes count as sent when they are, whatever was written") {
  Talk one("{ bytes = \"0123456789\" }, { bytes = \"abcde\", name = \"b\" }", "hostile = true");
  one.write(0);
  one.write(1);
  CHECK_EQ(one.group().commands[0].bytes_out, 0);
  one.talk().sent(4);
  CHECK_EQ(one.group().commands[0].bytes_out, 4);
  one.talk().sent(8);
  CHECK_EQ(one.group().commands[0].bytes_out, 10);
  CHECK_EQ(one.group().commands[1].bytes_out, 2);
  one.talk().abandon();
  one.write(1);
  one.talk().sent(5);
  CHECK_EQ(one.group().commands[0].bytes_out, 10);
  CHECK_EQ(one.group().commands[1].bytes_out, 7);
}

TEST_CASE("a reply may come before all of its request is sent") {
  Talk one("{ send = \"ECHO 0123456789\", expect = \"error:ERR too long\" }, { send = \"PING\" }");
  one.write(0);
  one.write(1);
  one.talk().sent(20);
  const std::size_t whole = one.talk().unsent().size() + 20;
  REQUIRE(one.hear("-ERR too long\r\n") == Heard::fine);
  CHECK_EQ(one.group().errors(), 0);
  CHECK_EQ(one.talk().owed(), 1);
  CHECK_EQ(one.talk().unsent().size(), whole - 20);
  SUBCASE("the rest is still sent, and the next reply is the next request's") {
    one.talk().sent(whole - 20);
    CHECK(one.hear("+PONG\r\n") == Heard::fine);
    CHECK_EQ(one.group().errors(), 0);
    CHECK_EQ(one.talk().owed(), 0);
  }
  SUBCASE("another one is too many") {
    CHECK(one.hear("+PONG\r\n") == Heard::broken);
    CHECK_EQ(one.group().surplus, 1);
  }
}

TEST_CASE("a reply to a request of which nothing was sent is too many") {
  Talk one("{ send = \"PING\" }");
  one.write(0);
  CHECK(one.hear("+PONG\r\n") == Heard::broken);
  CHECK_EQ(one.group().surplus, 1);
  CHECK(one.failure().find("surplus reply") == 0);
}

TEST_CASE("a right reply is counted with its latency") {
  Talk talk("{ send = 'CEIL 4.40' }");
  CHECK_EQ(talk.ask(), "*2\r\n$4\r\nCEIL\r\n$4\r\n4.40\r\n");
  CHECK_EQ(talk.talk().owed(), 1);
  talk.clock.advance(5ms);
  CHECK(talk.hear(":5\r\n") == Heard::fine);
  CHECK_EQ(talk.talk().owed(), 0);
  CHECK_EQ(talk.group().replies(), 1);
  CHECK_EQ(talk.group().errors(), 0);
  CHECK_EQ(talk.group().commands[0].latency.most(), 5'000'000);
  CHECK_EQ(talk.group().commands[0].bytes_out, 24);
  CHECK_EQ(talk.group().commands[0].bytes_in, 4);
}

TEST_CASE("replies are right or wrong however they are cut") {
  const std::string steps =
      "{ send = 'ECHO {text:100}' }, { send = 'CEIL 4.40' }, "
      "{ send = 'PING' }";
  for (const bool wrong : {false, true}) {
    Talk model(steps);
    const std::string sent = model.ask(0);
    std::string reply = sent.substr(sent.find("$100")) + ":5\r\n+PONG\r\n";
    if (wrong) reply[90] ^= 1;
    for (std::size_t cut = 1; cut < reply.size(); ++cut) {
      CAPTURE(cut);
      Talk talk(steps);
      for (std::uint32_t i = 0; i < 3; ++i) talk.ask(i);
      REQUIRE(talk.hear(std::string_view(reply).substr(0, cut)) == Heard::fine);
      REQUIRE(talk.hear(std::string_view(reply).substr(cut)) == Heard::fine);
      CHECK_EQ(talk.group().replies(), 3);
      CHECK_EQ(talk.group().wrong(), wrong ? 1 : 0);
    }
    Talk talk(steps);
    for (std::uint32_t i = 0; i < 3; ++i) talk.ask(i);
    for (const char byte : reply) REQUIRE(talk.hear({&byte, 1}) == Heard::fine);
    CHECK_EQ(talk.group().replies(), 3);
    CHECK_EQ(talk.group().wrong(), wrong ? 1 : 0);
  }
}

TEST_CASE("a wrong reply is shown with its context, and those behind it are still told apart") {
  Talk talk("{ send = 'CEIL 4.40' }, { send = 'PING' }");
  talk.ask(0);
  talk.ask(1);
  CHECK(talk.hear(":4\r\n+PONG\r\n") == Heard::fine);
  CHECK_EQ(talk.group().wrong(), 1);
  CHECK_EQ(talk.group().replies(), 2);
  CHECK_EQ(talk.failure(),
           "wrong reply: group 'g', client 3, connection 2, request 1 on it\n"
           "    request   '*2\\r\\n$4\\r\\nCEIL\\r\\n$4\\r\\n4.40\\r\\n'\n"
           "    expected  the integer 5\n"
           "    got       ':4\\r\\n'");
}

TEST_CASE("a short error where a long echo was expected is told at once") {
  Talk talk("{ send = 'ECHO {text:1MiB}' }");
  talk.ask();
  CHECK(talk.hear("-ERR no\r\n") == Heard::fine);
  CHECK_EQ(talk.group().wrong(), 1);
}

TEST_CASE("surplus and broken replies end the conversation") {
  Talk surplus("{ send = 'PING' }");
  surplus.ask();
  CHECK(surplus.hear("+PONG\r\n+PONG\r\n") == Heard::broken);
  CHECK_EQ(surplus.group().surplus, 1);
  CHECK(surplus.failure().starts_with("surplus reply: group 'g', client 3, connection 2"));
  Talk broken("{ send = 'PING' }");
  broken.ask();
  CHECK(broken.hear("HTTP/1.1 400 Bad Request\r\n") == Heard::broken);
  CHECK_EQ(broken.group().broken, 1);
  CHECK(broken.failure().starts_with("not a reply: "));
}

TEST_CASE("what is owed when the connection ends is missing") {
  Talk talk("{ send = 'PING' }");
  for (int i = 0; i < 3; ++i) talk.ask();
  CHECK(talk.hear("+PONG\r\n+PO") == Heard::fine);
  talk.talk().end("the server closed");
  CHECK_EQ(talk.group().missing, 2);
  CHECK(talk.failure().find("the server closed, with 2 replies owed, and a part: '+PO'") !=
        std::string::npos);
  CHECK_EQ(talk.talk().owed(), 0);
}

TEST_CASE("a part of a reply that nobody asked for is surplus") {
  Talk talk("{ send = 'PING' }");
  talk.ask();
  CHECK(talk.hear("+PONG\r\n+PO") == Heard::fine);
  talk.talk().end("the server closed");
  CHECK_EQ(talk.group().missing, 0);
  CHECK_EQ(talk.group().surplus, 1);
}

TEST_CASE("errors that quote requests are counted together") {
  Talk talk("{ send = 'PING', expect = 'error' }");
  for (const char* quoted : {"abcd", "efgh \' ijkl"}) {
    talk.ask();
    CHECK(talk.hear(std::string("-ERR the server's unknown command '") + quoted +
                    "', and '$'\r\n") == Heard::fine);
    CHECK_EQ(talk.talk().last_error(), "ERR the server's unknown command '...'");
    talk.talk().end("the server closed");
    CHECK_EQ(talk.talk().last_error(), "");
  }
}

TEST_CASE("pushes answer nothing") {
  Talk talk("{ send = 'PING' }");
  talk.ask();
  CHECK(talk.hear(">1\r\n+news\r\n+PONG\r\n>1\r\n+news\r\n") == Heard::fine);
  CHECK_EQ(talk.group().replies(), 1);
  CHECK_EQ(talk.group().errors(), 0);
}

TEST_CASE("bytes that expect nothing are owed nothing, wherever they stand") {
  Talk talk("{ bytes = 'junk' }, { send = 'PING' }");
  talk.ask(0);
  CHECK_EQ(talk.talk().owed(), 0);
  talk.ask(1);
  talk.ask(0);
  talk.ask(1);
  CHECK_EQ(talk.talk().owed(), 2);
  CHECK(talk.hear("+PONG\r\n+PONG\r\n") == Heard::fine);
  CHECK_EQ(talk.group().errors(), 0);
}

TEST_CASE("hostile groups are answered by nobody's standards, and their last words are kept") {
  Talk talk("{ send = 'PING' }", "hostile = true");
  talk.ask();
  CHECK(talk.hear("+WHATEVER\r\n-ERR Protocol error: x\r\n") == Heard::fine);
  CHECK_EQ(talk.talk().last_error(), "ERR Protocol error: x");
  talk.talk().end("the server closed");
  CHECK_EQ(talk.group().errors(), 0);
}

TEST_CASE("lines: one a reply, plain errors by their mark") {
  Talk talk("{ send = '4.40', expect = 'ceil' }", "", "protocol = 'line'");
  CHECK_EQ(talk.ask(), "4.40\n");
  CHECK(talk.hear("5\r\n") == Heard::fine);
  talk.ask();
  CHECK(talk.hear("(error) ERR no") == Heard::fine);
  CHECK(talk.hear("\n") == Heard::fine);
  CHECK_EQ(talk.group().replies(), 2);
  CHECK_EQ(talk.group().wrong(), 1);
}

TEST_CASE("lines: an expected error is matched without its mark, and capitals are no error") {
  Talk errors("{ send = 'four', expect = 'error:ERR no*' }", "", "protocol = 'line'");
  errors.ask();
  CHECK(errors.hear("(error) ERR no number\n") == Heard::fine);
  errors.ask();
  CHECK(errors.hear("ERR no number\n") == Heard::fine);
  CHECK_EQ(errors.group().replies(), 2);
  CHECK_EQ(errors.group().wrong(), 1);
  Talk echo("{ send = 'HELLO world', expect = 'exact:HELLO world' }", "", "protocol = 'line'");
  echo.ask();
  CHECK(echo.hear("HELLO world\n") == Heard::fine);
  CHECK_EQ(echo.group().wrong(), 0);
}

TEST_CASE("a hostile group's last words are known on every wire") {
  for (const char* words : {"(error) ERR no\n", "-ERR no\r\n", "ERR no"}) {
    CAPTURE(words);
    Talk talk("{ send = 'PING' }", "hostile = true");
    talk.ask();
    CHECK(talk.hear(words) == Heard::fine);
    CHECK_EQ(talk.talk().last_error(), "ERR no");
  }
}

TEST_CASE("raw: the reply is as long as what is expected") {
  Talk talk("{ send = '99.5', expect = 'ceil' }", "", "protocol = 'raw'");
  CHECK_EQ(talk.ask(), "99.5");
  CHECK(talk.hear("10") == Heard::fine);
  CHECK_EQ(talk.talk().owed(), 1);
  CHECK(talk.hear("0") == Heard::fine);
  CHECK_EQ(talk.talk().owed(), 0);
  talk.ask();
  CHECK(talk.hear("1001") == Heard::broken);
  CHECK_EQ(talk.group().surplus, 1);
  CHECK(talk.hear("7") == Heard::broken);
}

TEST_CASE("a connection that the server has no room for is refused, and no reply is wrong") {
  constexpr std::string_view kRefusal = "-ERR max number of clients reached\r\n";
  for (const bool asked : {false, true}) {
    Talk talk("{ send = \"PING\" }");
    if (asked) talk.ask();
    CHECK(talk.hear(kRefusal) == Heard::refused);
    CHECK_EQ(talk.talk().last_error(), "ERR max number of clients reached");
    talk.talk().abandon();
    CHECK_EQ(talk.group().errors(), 0);
  }
}

TEST_CASE("the words of a refusal that answer a later request are a wrong reply") {
  Talk talk("{ send = \"PING\" }");
  talk.ask();
  CHECK(talk.hear("+PONG\r\n") == Heard::fine);
  talk.ask();
  CHECK(talk.hear("-ERR max number of clients reached\r\n") == Heard::fine);
  CHECK_EQ(talk.group().wrong(), 1);
}

}  // namespace
}  // namespace reactord::load
