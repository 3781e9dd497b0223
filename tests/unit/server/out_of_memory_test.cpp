// SPDX-License-Identifier: MIT
// Every allocation that the loop makes in serving a client fails once: the first, the second, and
// so on until none is left. It costs that client, and nobody else.
#include <doctest/doctest.h>

#include <functional>
#include <string>

#include "tests/unit/support/failing_allocations.h"
#include "tests/unit/support/running_server.h"
#include "tests/unit/support/test_handlers.h"

namespace reactord::test {

namespace {

/// HERE: the thread of the loop is the one whose allocations fail.
class HereHandler final : public Handler {
 public:
  explicit HereHandler(Service&) {}
  [[nodiscard]] std::span<const CommandSpec> commands() const override { return kCommands; }
  HandlerResult handle(const Request&, ReplyWriter& reply, HandlerContext&) override {
    let_allocations_fail_here();
    reply.ok();
    return HandlerResult::replied;
  }

 private:
  static constexpr CommandSpec kCommands[] = {{.name = "here"}};
};

std::vector<HandlerEntry> crowding_handlers() {
  std::vector<HandlerEntry> entries = test_handlers();
  entries.push_back(handler_entry<HereHandler>("here"));
  return entries;
}

/// What a client does while an allocation fails. Anything may happen to it but that it waits in
/// vain.
using Play = std::function<void(const RunningServer&)>;

void send_all(TestClient& client, std::string_view bytes) {
  try {
    client.send(bytes);
  } catch (const std::runtime_error&) {
    // Closed already: that is what the failed allocation may cost.
  }
}

/// Sends the parts, then FIN, and reads to the end.
void converse(const RunningServer& server, std::initializer_list<std::string> parts) {
  TestClient client(server);
  for (const std::string& part : parts) send_all(client, part);
  client.finish_sending();
  (void)client.read_to_end();
}

std::string request(std::initializer_list<std::string> words) {
  std::string text = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words)
    text += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  return text;
}

/// A client of one's own to ask by, who is to notice nothing.
class Bystander {
 public:
  explicit Bystander(const RunningServer& server) : client_(server) {
    REQUIRE(client_.ask("HERE") == "OK\n");
  }
  [[nodiscard]] bool is_served() {
    client_.send("*1\r\n$4\r\nPING\r\n");
    return client_.read_line() == "+PONG\r\n";
  }
  [[nodiscard]] std::string figure(const std::string& name) {
    client_.send("*1\r\n$4\r\nINFO\r\n");
    const std::string head = client_.read_line();
    const std::string text = client_.read(std::stoul(head.substr(1)) + 2);
    const std::size_t at = text.find("\n" + name + ":") + name.size() + 2;
    return text.substr(at, text.find('\r', at) - at);
  }
  [[nodiscard]] bool is_alone() {
    for (int tries = 0; tries < 10'000; ++tries)
      if (figure("connected_clients") == "1") return true;
    return false;
  }

 private:
  TestClient client_;
};

template <class Body>
bool has_failed_in(long nth, Failing how, Body&& body) {
  fail_allocation(nth, how);
  try {
    body();
  } catch (const std::exception& error) {
    (void)stop_failing();
    FAIL(std::string(error.what()));
  }
  return stop_failing();
}

void play_to_the_end(const Play& play, Failing how) {
  const RunningServer server(crowding_handlers());
  Bystander bystander(server);
  bool has_failed = true;
  for (long nth = 1; has_failed; ++nth) {
    CAPTURE(nth);
    has_failed = has_failed_in(nth, how, [&] { play(server); });
    REQUIRE(bystander.is_served());
    REQUIRE(bystander.is_alone());
    REQUIRE(TestClient(server).ask("PING") == "PONG\n");
    REQUIRE(nth < 10'000);
  }
}

struct NamedPlay {
  std::string name;
  Play play;
};

const std::vector<NamedPlay>& plays() {
  static const std::vector<NamedPlay> kPlays = {
      {"a frame of many arguments",
       [](const RunningServer& server) {
         std::string frame = "*402\r\n$7\r\nCOMMAND\r\n$4\r\nINFO\r\n";
         for (int i = 0; i < 400; ++i) frame += "$4\r\nPING\r\n";
         converse(server, {frame.substr(0, 3000), frame.substr(3000)});
       }},
      {"a long echo",
       [](const RunningServer& server) {
         converse(server, {request({"ECHO", std::string(300'000, 'x')})});
       }},
      {"lines, with quotes and without, good and bad",
       [](const RunningServer& server) {
         converse(server, {"ECHO \"a quoted line that is longer than a string in place\"\n",
                           "TEXT a message to all\nNOBODY knows this command\nECHO\nHELLO 9\n",
                           "CEIL 12345678901234567890123456789012345678901234567890.5\n"});
       }},
      {"a protocol error",
       [](const RunningServer& server) { converse(server, {request({"PING"}) + "*x\r\n"}); }},
      {"a foreign protocol",
       [](const RunningServer& server) {
         converse(server, {"GET / HTTP/1.1\r\nHost: a\r\n\r\n"});
       }},
      {"what the daemon tells of itself",
       [](const RunningServer& server) {
         converse(server, {request({"CONFIG", "GET", "*"}) + request({"INFO"}),
                           request({"CLIENT", "LIST"}) + request({"HELP"}),
                           request({"HELLO", "3", "SETNAME", std::string(100, 'n')}) +
                               request({"COMMAND", "DOCS", "ping", "echo"})});
       }},
      {"a transaction",
       [](const RunningServer& server) {
         converse(server, {request({"MULTI"}) + request({"ECHO", std::string(2000, 'x')}) +
                           request({"COMMAND", "DOCS", "ping"}) + request({"EARLY"}) +
                           request({"AFTER", "0"}) + request({"EXEC"})});
       }},
      {"a transaction whose reply is plain text",
       [](const RunningServer& server) { converse(server, {"MULTI\nPING\nCLIENT LIST\nEXEC\n"}); }},
      {"replies that come later, kept and broken",
       [](const RunningServer& server) {
         TestClient first(server), second(server), other(server);
         send_all(first, request({"LATER", "a key that is longer than a string in place"}));
         send_all(second, request({"LATER", "another key that is longer than in place"}));
         send_all(other, request({"WAITING"}));
         (void)other.read_line();
         converse(server, {request({"RELEASE", "a key that is longer than a string in place",
                                    std::string(2000, 'x')}) +
                           request({"DROP", "another key that is longer than in place"})});
         // By now nobody waits but those who were dropped with the one that was to release them.
         for (TestClient* client : {&first, &second, &other}) client->reset();
       }},
      {"pushes",
       [](const RunningServer& server) {
         TestClient follower(server);
         send_all(follower, request({"FOLLOW"}));
         (void)follower.read(5);
         converse(server, {request({"FOLLOW"}) + request({"TELL", "3000"})});
         follower.finish_sending();
         (void)follower.read_to_end();
       }},
      {"broken rules",
       [](const RunningServer& server) {
         for (const char* how : {"throw-late", "twice", "half", "never", "dropped", "late-half",
                                 "producer-throws", "producer-half", "bad-pushes"})
           converse(server, {request({"BREAK", how})});
         TestClient client(server);
         send_all(client, request({"BREAK", "gone"}));
         client.reset();
       }},
      {"a client that leaves",
       [](const RunningServer& server) {
         TestClient client(server);
         send_all(client, request({"LATER", "a key that is longer than a string in place"}));
         send_all(client, request({"PING"}));
         client.reset();
       }},
      {"a client that ends another",
       [](const RunningServer& server) {
         TestClient victim(server);
         send_all(victim, "*2\r\n$4\r\nECHO\r\n");
         converse(
             server,
             {request({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no", "MAXAGE", "1000000"})});
         victim.finish_sending();
         (void)victim.read_to_end();
       }},
  };
  return kPlays;
}

}  // namespace

TEST_CASE("an allocation that fails costs one client, whatever it was for") {
  for (const NamedPlay& one : plays()) {
    CAPTURE(one.name);
    play_to_the_end(one.play, Failing::one);
  }
}

TEST_CASE("allocations that all fail cost clients, and the daemon survives") {
  for (const NamedPlay& one : plays()) {
    CAPTURE(one.name);
    play_to_the_end(one.play, Failing::all_from_there);
  }
}

}  // namespace reactord::test
