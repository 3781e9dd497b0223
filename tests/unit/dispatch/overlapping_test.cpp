// SPDX-License-Identifier: MIT
// Commands that overlap, through the whole server: whatever the order in which a handler keeps its
// promises, each connection has its replies in the order of its requests.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "daemon/interface/handler_entry.h"
#include "daemon/interface/registry.h"
#include "tests/unit/support/running_server.h"

namespace reactord {
namespace {

using test::RunningServer;
using test::TestClient;

constexpr CommandSpec spec(std::string_view name, std::uint8_t id, std::size_t words,
                           bool overlaps) {
  return {.name = name,
          .synopsis = words == 0   ? ""
                      : words == 1 ? "word"
                                   : "word word",
          .min_arguments = words,
          .max_arguments = words,
          .id = id,
          .overlaps = overlaps};
}

/// PLAN when order  how the next promises are kept, once as many are given as `order` has digits:
///                  "210" the last one first; `when` is "within" the call that gives the last one,
///                  or "after" it
/// OWE word         promises the word
/// NOW word         the word at once
/// LEAVE word       the word, and wants the connection closed, which it must not
/// GONE             how many promises were given up
class OwingHandler final : public Handler {
 public:
  explicit OwingHandler(Service& service) : service_(service) {}
  [[nodiscard]] std::span<const CommandSpec> commands() const override { return kCommands; }

  HandlerResult handle(const Request& request, ReplyWriter& reply,
                       HandlerContext& context) override {
    switch (request.command.id) {
      case kOwe:
        owed_.push_back({std::string(request.arguments[0]), context.defer([this] { ++gone_; })});
        if (owed_.size() == order_.size()) keep_all();
        return HandlerResult::pending;
      case kPlan:
        is_within_ = request.arguments[0] == "within";
        order_ = request.arguments[1];
        reply.ok();
        return HandlerResult::replied;
      case kGone:
        reply.integer(gone_);
        return HandlerResult::replied;
      default:
        reply.bulk(request.arguments[0]);
        return request.command.id == kNow ? HandlerResult::replied
                                          : HandlerResult::close_after_reply;
    }
  }

 private:
  enum Command : std::uint8_t { kOwe, kNow, kLeave, kPlan, kGone };
  static constexpr CommandSpec kCommands[] = {
      spec("owe", kOwe, 1, true), spec("now", kNow, 1, true), spec("leave", kLeave, 1, true),
      spec("plan", kPlan, 2, false), spec("gone", kGone, 0, false)};

  struct Owed {
    std::string word;
    DeferredReply reply;
  };

  void keep_all() {
    if (is_within_) return settle();
    timer_ = service_.call_after(std::chrono::milliseconds(1), [this] { settle(); });
  }
  void settle() {
    for (const char place : order_) {
      Owed& owed = owed_.at(static_cast<std::size_t>(place - '0'));
      owed.reply.complete([&](ReplyWriter& reply) { reply.bulk(owed.word); });
    }
    owed_.clear();
  }

  Service& service_;
  std::vector<Owed> owed_;
  std::unique_ptr<Timer> timer_;
  std::string order_;
  bool is_within_ = false;
  int gone_ = 0;
};

std::vector<HandlerEntry> handlers() {
  std::vector<HandlerEntry> all{handler_entry<OwingHandler>("owing")};
  for (const HandlerEntry& entry : builtin_handlers()) all.push_back(entry);
  return all;
}

std::string frame(std::initializer_list<std::string_view> words) {
  std::string text = fmt::format("*{}\r\n", words.size());
  for (const std::string_view word : words) text += fmt::format("${}\r\n{}\r\n", word.size(), word);
  return text;
}
std::string bulk(std::string_view word) {
  return fmt::format("${}\r\n{}\r\n", word.size(), word);
}

const std::string kQuit = frame({"QUIT"});

TEST_CASE("overlapping: replies keep the order of the requests, whichever is known first") {
  RunningServer server(handlers());
  TestClient client(server);
  for (const std::string_view when : {"within", "after"}) {
    for (const std::string_view order : {"012", "210", "120", "201", "102", "021"}) {
      CAPTURE(when);
      CAPTURE(order);
      client.send(frame({"plan", when, order}) + frame({"owe", "one"}) + frame({"owe", "two"}) +
                  frame({"now", "between"}) + frame({"owe", "three"}) + frame({"now", "behind"}) +
                  frame({"PING"}));
      const std::string expected = "+OK\r\n" + bulk("one") + bulk("two") + bulk("between") +
                                   bulk("three") + bulk("behind") + "+PONG\r\n";
      CHECK(client.read(expected.size()) == expected);
    }
  }
  client.send(frame({"GONE"}) + kQuit);
  CHECK(client.read_to_end() == ":0\r\n+OK\r\n");
}

TEST_CASE("overlapping: an error has its place, too") {
  RunningServer server(handlers());
  TestClient client(server);
  client.send(frame({"plan", "after", "0"}) + frame({"owe", "one"}) + frame({"now"}) +
              frame({"now", "two"}) + kQuit);
  CHECK(client.read_to_end() == "+OK\r\n" + bulk("one") +
                                    "-ERR wrong number of arguments for 'now' command\r\n" +
                                    bulk("two") + "+OK\r\n");
}

TEST_CASE("overlapping: in a transaction, and where silence was asked for, each waits") {
  RunningServer server(handlers());
  TestClient client(server);
  client.send(frame({"plan", "after", "10"}) + frame({"MULTI"}) + frame({"owe", "one"}) +
              frame({"owe", "two"}) + frame({"EXEC"}) + frame({"now", "behind"}));
  const std::string expected =
      "+OK\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n" + bulk("one") + bulk("two") + bulk("behind");
  CHECK(client.read(expected.size()) == expected);
  client.send(frame({"plan", "after", "0"}) + frame({"CLIENT", "REPLY", "SKIP"}) +
              frame({"owe", "unheard"}) + frame({"owe", "heard"}) + kQuit);
  CHECK(client.read_to_end() == "+OK\r\n" + bulk("heard") + "+OK\r\n");
}

TEST_CASE(
    "overlapping: a handler that ends the connection meanwhile breaks a rule, and is told of") {
  RunningServer server(handlers());
  TestClient client(server);
  client.send(frame({"plan", "after", "0"}) + frame({"owe", "one"}) + frame({"leave", "two"}) +
              kQuit);
  CHECK(client.read_to_end() == "+OK\r\n" + bulk("one") + bulk("two") + "+OK\r\n");
  CHECK(server.logs("ended the connection, to which replies are owed"));
}

TEST_CASE("overlapping: more than 1024 replies are not owed at once, and none is lost") {
  RunningServer server(handlers());
  TestClient client(server);
  std::string requests = frame({"plan", "after", "0"}) + frame({"owe", "first"});
  std::string expected = "+OK\r\n" + bulk("first");
  for (int i = 0; i < 3000; ++i) {
    requests += frame({"now", std::to_string(i)});
    expected += bulk(std::to_string(i));
  }
  client.send(requests + kQuit);
  CHECK(client.read_to_end() == expected + "+OK\r\n");
}

TEST_CASE("overlapping: a client that is owed 1024 replies is not served before it has them") {
  RunningServer server(handlers());
  TestClient client(server);
  TestClient other(server);
  std::string requests = frame({"plan", "after", "99"}) + frame({"owe", "never kept"});
  for (int i = 0; i < 3000; ++i) requests += frame({"now", "x"});
  client.send(requests);
  const auto served = [&] {
    other.send("*2\r\n$4\r\nINFO\r\n$12\r\ncommandstats\r\n");
    std::string line = other.read_line();
    int calls = 0;
    for (std::size_t left = std::stoul(line.substr(1)) + 2; left > 0; left -= line.size()) {
      line = other.read_line();
      if (line.starts_with("cmdstat_now:calls=")) calls = std::stoi(line.substr(18));
    }
    return calls;
  };
  while (served() < 1023) continue;
  for (int i = 0; i < 50; ++i) CHECK(served() == 1023);
}

TEST_CASE("overlapping: all that was promised to a client that leaves is given up") {
  RunningServer server(handlers());
  TestClient client(server);
  TestClient other(server);
  client.send(frame({"plan", "after", "999"}) + frame({"owe", "one"}) + frame({"owe", "two"}) +
              frame({"now", "three"}));
  client.reset();
  while (other.ask("GONE") != "2\n") continue;
}

}  // namespace
}  // namespace reactord
