// SPDX-License-Identifier: MIT
// The test kit for handlers: what it shows of a right handler, and what it says of a wrong one.
#include "daemon/testing/handler_bench.h"

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace reactord {
namespace {

using namespace std::chrono_literals;
using test::FakeContext;
using test::HandlerBench;
using test::HandlerFault;

using Script = std::function<HandlerResult(Service&, ReplyWriter&, HandlerContext&)>;
Script script;  ///< what the handler below does with each request

class ScriptedHandler : public Handler {
 public:
  explicit ScriptedHandler(Service& service) : service_(service) {}
  std::span<const CommandSpec> commands() const override { return kCommands; }
  HandlerResult handle(const Request&, ReplyWriter& reply, HandlerContext& context) override {
    return script(service_, reply, context);
  }

 private:
  static constexpr CommandSpec kCommands[] = {
      {.name = "act", .synopsis = "[word]", .summary = "Does it", .max_arguments = 1}};
  Service& service_;
};

struct Bench : HandlerBench {
  explicit Bench(Script does) : HandlerBench(handler_entry<ScriptedHandler>("scripted")) {
    script = std::move(does);
  }
};

void write_map(ReplyWriter& reply) {
  reply.map(1);
  reply.bulk("a");
  reply.boolean(true);
}

struct Subscribed : ConnectionState {
  PushHandle pushes;
};

TEST_CASE("kit: a reply is in the encoding of its client, at once and later") {
  struct Case {
    ReplyEncoding encoding;
    std::string_view reply;
  };
  for (const auto& [encoding, reply] : {Case{ReplyEncoding::resp2, "*2\r\n$1\r\na\r\n:1\r\n"},
                                        Case{ReplyEncoding::resp3, "%1\r\n$1\r\na\r\n#t\r\n"},
                                        Case{ReplyEncoding::plain, "a: true\n\n"}}) {
    DeferredReply later;
    bool is_later = false;
    Bench bench([&](Service&, ReplyWriter& writer, HandlerContext& context) {
      if (is_later) {
        later = context.defer();
        return HandlerResult::pending;
      }
      write_map(writer);
      return HandlerResult::replied;
    });
    bench.encoding = encoding;
    CHECK(bench.send("ACT") == reply);
    is_later = true;
    CHECK(bench.send("ACT") == "");
    CHECK(bench.result == HandlerResult::pending);
    CHECK(later.complete(write_map));
    CHECK(bench.context.take_output() == reply);
    CHECK(bench.context.take_output() == "");
  }
}

TEST_CASE("kit: the clock is the test's, the same for the service and its clients") {
  std::unique_ptr<Timer> timer;
  DeferredReply later;
  TimePoint seen{};
  Bench bench([&](Service& service, ReplyWriter&, HandlerContext& context) {
    seen = context.now();
    CHECK(service.now() == seen);
    later = context.defer();
    timer = service.call_after(1s, [&] { later.complete([](ReplyWriter& reply) { reply.ok(); }); });
    return HandlerResult::pending;
  });
  bench.service.advance(5s);
  bench.send("ACT");
  CHECK(seen == TimePoint{} + 5s);
  bench.service.advance(999ms);
  CHECK(bench.context.take_output() == "");
  bench.service.advance(1ms);
  CHECK(bench.context.take_output() == "+OK\r\n");
  timer.reset();  // before the service
}

TEST_CASE("kit: clients are told apart, finish and leave") {
  std::string told;
  DeferredReply later;
  Bench bench([&](Service&, ReplyWriter&, HandlerContext& context) {
    const std::string who = std::to_string(context.client_id());
    context.state<Subscribed>().pushes = context.subscribe();
    later = context.defer([&told, who] { told += "gone " + who + " "; },
                          [&told, who] { told += "finished " + who + " "; });
    return HandlerResult::pending;
  });
  FakeContext& other = bench.connect();
  CHECK(bench.send(other, "ACT") == "");
  CHECK(other.id != bench.context.id);
  bench.context.finish_sending();
  CHECK(told == "");
  other.finish_sending();
  CHECK(other.has_finished_sending());
  CHECK(told == "finished 8 ");
  other.leave();
  CHECK(told == "finished 8 gone 8 ");
  CHECK(other.port.unsubscribed == 1);
  CHECK_FALSE(later.complete([](ReplyWriter& reply) { reply.ok(); }));
  CHECK(other.take_output() == "");
}

TEST_CASE("kit: who has its reply is told of nothing any more") {
  int told = 0;
  DeferredReply later;
  Bench bench([&](Service&, ReplyWriter&, HandlerContext& context) {
    later = context.defer([&] { ++told; }, [&] { ++told; });
    return HandlerResult::pending;
  });
  bench.send("ACT");
  later.complete([](ReplyWriter& reply) { reply.ok(); });
  bench.context.finish_sending();
  bench.context.leave();
  CHECK(told == 0);
}

struct PoliteSettings {
  std::string word = "please";
  std::int64_t times = 1;
  std::chrono::milliseconds wait{0};
};

class PoliteHandler : public Handler {
 public:
  using Settings = PoliteSettings;
  static constexpr KeySpec kKeys[] = {
      key<&PoliteSettings::word>("word", "What is said.", Apply::reload),
      key<&PoliteSettings::times>("times", "How often.", Apply::reload, {.least = 1, .most = 9}),
      key<&PoliteSettings::wait>("wait", "Before.", Apply::reload, duration_range(0ms, 1h))};

  PoliteHandler(Service&, const PoliteSettings& settings) : settings_(settings) {}
  std::span<const CommandSpec> commands() const override { return kCommands; }
  HandlerResult handle(const Request&, ReplyWriter& reply, HandlerContext&) override {
    reply.bulk(settings_.word + " " + std::to_string(settings_.times) + " " +
               std::to_string(settings_.wait.count()));
    return HandlerResult::replied;
  }
  void reload(const void* settings) override {
    settings_ = *static_cast<const PoliteSettings*>(settings);
  }

 private:
  static constexpr CommandSpec kCommands[] = {{.name = "ask", .summary = "Asks"}};
  PoliteSettings settings_;
};

TEST_CASE("kit: settings are those of the configuration, and checked as there") {
  const HandlerEntry entry = handler_entry<PoliteHandler>("polite");
  HandlerBench plain(entry);
  plain.encoding = ReplyEncoding::plain;
  CHECK(plain.send("ASK") == "please 1 0\n");
  plain.reload("polite", {{"times", 2}, {"wait", "2s"}});
  CHECK(plain.send("ASK") == "please 2 2000\n");
  HandlerBench other(entry, {{"word", "kindly"}});
  CHECK(other.send("ASK") == "$10\r\nkindly 1 0\r\n");
  CHECK_THROWS_WITH_AS(HandlerBench(entry, {{"word", "x"}, {"tims", 2}}),
                       "the handler has no setting 'tims'", HandlerFault);
  CHECK_THROWS_WITH_AS(HandlerBench(entry, {{"times", 10}}), doctest::Contains("times: "),
                       HandlerFault);
}

TEST_CASE("kit: a broken rule is an exception, in the words of the log") {
  Bench silent([](Service&, ReplyWriter&, HandlerContext&) { return HandlerResult::replied; });
  CHECK_THROWS_WITH_AS(silent.send("ACT"), doctest::Contains("in handle(): it wrote nothing"),
                       HandlerFault);
  Bench twice([](Service&, ReplyWriter& reply, HandlerContext&) {
    reply.ok();
    reply.ok();
    return HandlerResult::replied;
  });
  CHECK_THROWS_WITH_AS(twice.send("ACT"), doctest::Contains("2 replies"), HandlerFault);
  Bench own([](Service&, ReplyWriter&, HandlerContext&) -> HandlerResult {
    throw std::runtime_error("its own");
  });
  CHECK_THROWS_WITH_AS(own.send("ACT"), "its own", std::runtime_error);
}

TEST_CASE("kit: what a callback writes wrongly is told, at the bench's end at the latest") {
  DeferredReply later;
  const Script promises = [&](Service&, ReplyWriter&, HandlerContext& context) {
    later = context.defer();
    return HandlerResult::pending;
  };
  Bench bench(promises);
  bench.send("ACT");
  later.complete([](ReplyWriter&) {});
  CHECK_THROWS_WITH_AS(bench.throw_faults(), doctest::Contains("the writer of complete()"),
                       HandlerFault);
  CHECK_NOTHROW(bench.throw_faults());
  FakeContext& other = bench.connect();
  bench.send(other, "ACT");
  later.complete([](ReplyWriter&) { throw std::runtime_error("lost"); });
  CHECK_THROWS_WITH_AS(bench.send("ACT"), "the writer of complete() threw: lost", HandlerFault);
  const auto until_the_end = [&] {
    Bench brief(promises);
    brief.send("ACT");
    later.complete([](ReplyWriter& reply) { reply.array(2); });
  };
  CHECK_THROWS_WITH_AS(until_the_end(), doctest::Contains("an array of 2"), HandlerFault);
}

TEST_CASE("kit: a producer is played to its end, if it has one") {
  struct Counting : ReplyProducer {
    explicit Counting(int slices) : left(slices) {}
    Progress produce(ReplyWriter& reply) override {
      if (left == 3) reply.array(3);
      reply.integer(left--);
      return left == 0 ? Progress::done : Progress::more;
    }
    int left;
  };
  int wanted = 3;
  Bench bench([&](Service&, ReplyWriter&, HandlerContext& context) {
    context.produce(std::make_unique<Counting>(wanted));
    return HandlerResult::pending;
  });
  CHECK(bench.send("ACT") == "*3\r\n:3\r\n:2\r\n:1\r\n");
  CHECK(bench.slices == 3);
  wanted = -1;
  CHECK_THROWS_WITH_AS(bench.send("ACT"), "the handler's producer comes to no end", HandlerFault);
}

TEST_CASE("kit: what the daemon would not pass to a handler is refused") {
  Bench bench([](Service&, ReplyWriter& reply, HandlerContext&) {
    reply.ok();
    return HandlerResult::replied;
  });
  CHECK_THROWS_WITH_AS(bench.send("NOSUCH a"), "no handler here has the command 'NOSUCH a'",
                       HandlerFault);
  CHECK_THROWS_WITH_AS(bench.send("ACT a b"),
                       "the daemon does not pass 'act' with 2 arguments to its handler",
                       HandlerFault);
  CHECK_THROWS_AS(bench.send(""), HandlerFault);
  CHECK(bench.send("act a") == "+OK\r\n");
}

}  // namespace
}  // namespace reactord
