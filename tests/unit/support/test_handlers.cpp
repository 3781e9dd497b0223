// SPDX-License-Identifier: MIT
#include "tests/unit/support/test_handlers.h"

#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>

#include "daemon/interface/registry.h"

namespace reactord::test {
namespace {

/// TESTLATER key waits until TESTRELEASE key text answers it, or TESTDROP key breaks the
/// promise. TESTWAITING and TESTGONE count the promises and the clients that left before theirs
/// was kept.
class LaterHandler final : public Handler {
 public:
  explicit LaterHandler(Service& service) : service_(service) {}

  [[nodiscard]] std::span<const CommandSpec> commands() const override { return kCommands; }

  HandlerResult handle(const Request& request, ReplyWriter& reply,
                       HandlerContext& context) override {
    switch (static_cast<Command>(request.command.id)) {
      case kLater:
        waiting_[std::string(request.arguments[0])] = context.defer([this] { ++gone_; });
        return HandlerResult::pending;
      case kRelease: {
        const bool arrived = take(request.arguments[0]).complete([&](ReplyWriter& late) {
          late.bulk(request.arguments[1]);
        });
        reply.integer(arrived ? 1 : 0);
        break;
      }
      case kDrop:
        take(request.arguments[0]);
        reply.ok();
        break;
      case kAfter:
        return answer_after(request, context);
      case kEarly:
        context.defer().complete([](ReplyWriter& early) { early.simple("EARLY"); });
        return HandlerResult::pending;
      case kWaiting:
        reply.integer(static_cast<std::int64_t>(waiting_.size()));
        break;
      case kGone:
        reply.integer(gone_);
        break;
    }
    return HandlerResult::replied;
  }

 private:
  enum Command : std::uint8_t { kLater, kRelease, kDrop, kWaiting, kGone, kEarly, kAfter };
  static constexpr CommandSpec kCommands[] = {
      {.name = "testlater", .min_arguments = 1, .max_arguments = 1, .id = kLater},
      {.name = "testrelease", .min_arguments = 2, .max_arguments = 2, .id = kRelease},
      {.name = "testdrop", .min_arguments = 1, .max_arguments = 1, .id = kDrop},
      {.name = "testwaiting", .id = kWaiting},
      {.name = "testgone", .id = kGone},
      {.name = "testearly", .id = kEarly},
      {.name = "testafter", .min_arguments = 1, .max_arguments = 1, .id = kAfter},
  };

  DeferredReply take(std::string_view key) {
    auto node = waiting_.extract(std::string(key));
    return node.empty() ? DeferredReply() : std::move(node.mapped());
  }

  HandlerResult answer_after(const Request& request, HandlerContext& context) {
    const std::chrono::milliseconds delay(std::stoi(std::string(request.arguments[0])));
    late_ = context.defer();
    timer_ = service_.call_after(
        delay, [this] { late_.complete([](ReplyWriter& reply) { reply.simple("AFTER"); }); });
    return HandlerResult::pending;
  }

  Service& service_;
  std::map<std::string, DeferredReply> waiting_;
  DeferredReply late_;
  std::unique_ptr<Timer> timer_;
  std::int64_t gone_ = 0;
};

/// TESTCOUNT: how often this connection has asked. TESTWORDS word ...: how many words, three at
/// most.
class CountHandler final : public Handler {
 public:
  explicit CountHandler(Service&) {}
  [[nodiscard]] std::span<const CommandSpec> commands() const override { return kCommands; }
  HandlerResult handle(const Request& request, ReplyWriter& reply,
                       HandlerContext& context) override {
    if (request.command.id == 1) {
      reply.integer(static_cast<std::int64_t>(request.arguments.size()));
      return HandlerResult::replied;
    }
    struct Count final : ConnectionState {
      std::int64_t value = 0;
    };
    reply.integer(++context.state<Count>().value);
    return HandlerResult::replied;
  }

 private:
  static constexpr CommandSpec kCommands[] = {{.name = "testcount"},
                                              {.name = "testwords",
                                               .synopsis = "word ...",
                                               .min_arguments = 1,
                                               .max_arguments = 3,
                                               .id = 1}};
};

/// TESTFOLLOW subscribes; TESTTELL bytes pushes a message to all who did and answers {queued,
/// dropped, gone}.
class TellHandler final : public Handler {
 public:
  explicit TellHandler(Service&) {}
  [[nodiscard]] std::span<const CommandSpec> commands() const override { return kCommands; }
  HandlerResult handle(const Request& request, ReplyWriter& reply,
                       HandlerContext& context) override {
    if (request.command.id == 0) {
      watchers_.push_back(context.subscribe());
      reply.ok();
      return HandlerResult::replied;
    }
    const std::string message(std::stoul(std::string(request.arguments[0])), 'm');
    std::array<std::int64_t, 3> results{};
    for (PushHandle& watcher : watchers_)
      ++results[static_cast<std::size_t>(watcher.push([&](ReplyWriter& push) {
        push.push(2);
        push.bulk("news");
        push.bulk(message);
      }))];
    reply.array(3);
    for (const std::int64_t result : results) reply.integer(result);
    return HandlerResult::replied;
  }

 private:
  static constexpr CommandSpec kCommands[] = {
      {.name = "testfollow"},
      {.name = "testtell", .min_arguments = 1, .max_arguments = 1, .id = 1}};
  std::vector<PushHandle> watchers_;
};

/// TESTBREAK how: breaks a rule.
class BreakHandler final : public Handler {
 public:
  explicit BreakHandler(Service& service) : service_(service) {}
  [[nodiscard]] std::span<const CommandSpec> commands() const override { return kCommands; }

  HandlerResult handle(const Request& request, ReplyWriter& reply,
                       HandlerContext& context) override {
    const std::string how(request.arguments[0]);
    const auto known = kWays.find(how);
    if (known == kWays.end()) return HandlerResult::replied;  // "nothing"
    return (this->*known->second)(reply, context);
  }

  void reload(const void*) override { throw std::runtime_error("reload on purpose"); }
  void stop() override { throw std::runtime_error("stop on purpose"); }

 private:
  using Way = HandlerResult (BreakHandler::*)(ReplyWriter&, HandlerContext&);
  static const std::map<std::string, Way> kWays;

  /// Writes what a test names, or throws.
  class BadProducer final : public ReplyProducer {
   public:
    enum class Fault : std::uint8_t { throws, half, throws_after };
    explicit BadProducer(Fault fault) : fault_(fault) {}
    Progress produce(ReplyWriter& reply) override {
      if (fault_ == Fault::throws) throw std::runtime_error("slice on purpose");
      reply.array(2);
      reply.integer(1);
      if (fault_ == Fault::throws_after) reply.integer(2);
      return Progress::done;
    }
    void after_reply() override {
      if (fault_ == Fault::throws_after) throw std::runtime_error("after on purpose");
    }

   private:
    Fault fault_;
  };

  HandlerResult throw_late(ReplyWriter& reply, HandlerContext&) {
    reply.array(3);
    throw std::runtime_error("on purpose");
  }
  HandlerResult throw_number(ReplyWriter&, HandlerContext&) { throw 42; }
  HandlerResult throw_promised(ReplyWriter&, HandlerContext& context) {
    kept_ = context.defer();
    throw std::runtime_error("promised on purpose");
  }
  HandlerResult throw_writer(ReplyWriter&, HandlerContext& context) {
    context.defer().complete([](ReplyWriter&) { throw 42; });
    return HandlerResult::pending;
  }
  HandlerResult throw_timer(ReplyWriter& reply, HandlerContext&) {
    timer_ = service_.call_after(std::chrono::milliseconds(0), [] { throw 42; });
    reply.error("ERR internal error: in a moment");
    return HandlerResult::replied;
  }
  HandlerResult twice(ReplyWriter& reply, HandlerContext&) {
    reply.ok();
    reply.ok();
    return HandlerResult::replied;
  }
  HandlerResult half(ReplyWriter& reply, HandlerContext&) {
    reply.array(3);
    reply.integer(1);
    return HandlerResult::replied;
  }
  HandlerResult never(ReplyWriter&, HandlerContext&) { return HandlerResult::pending; }
  HandlerResult needless(ReplyWriter& reply, HandlerContext& context) {
    reply.ok();
    kept_ = context.defer();
    return HandlerResult::replied;
  }
  HandlerResult dropped(ReplyWriter&, HandlerContext& context) {
    (void)context.defer();
    return HandlerResult::pending;
  }
  HandlerResult pending_written(ReplyWriter& reply, HandlerContext& context) {
    kept_ = context.defer();
    reply.ok();
    return HandlerResult::pending;
  }
  HandlerResult late_half(ReplyWriter&, HandlerContext& context) {
    kept_ = context.defer();
    timer_ = service_.call_after(std::chrono::milliseconds(0), [this] {
      kept_.complete([](ReplyWriter& reply) { reply.map(1); });
    });
    return HandlerResult::pending;
  }
  HandlerResult producer_throws(ReplyWriter&, HandlerContext& context) {
    context.produce(std::make_unique<BadProducer>(BadProducer::Fault::throws));
    return HandlerResult::pending;
  }
  HandlerResult producer_half(ReplyWriter&, HandlerContext& context) {
    context.produce(std::make_unique<BadProducer>(BadProducer::Fault::half));
    return HandlerResult::pending;
  }
  HandlerResult producer_after(ReplyWriter&, HandlerContext& context) {
    context.produce(std::make_unique<BadProducer>(BadProducer::Fault::throws_after));
    return HandlerResult::pending;
  }
  HandlerResult bad_pushes(ReplyWriter& reply, HandlerContext& context) {
    PushHandle handle = context.subscribe();
    handle.push([](ReplyWriter&) { throw std::runtime_error("push on purpose"); });
    handle.push([](ReplyWriter& push) { push.ok(); });
    handle.push([](ReplyWriter&) {});
    reply.ok();
    return HandlerResult::replied;
  }
  HandlerResult gone(ReplyWriter&, HandlerContext& context) {
    kept_ = context.defer([] { throw std::runtime_error("gone on purpose"); },
                          [] { throw std::runtime_error("finished on purpose"); });
    return HandlerResult::pending;
  }
  /// Holds the loop until the clock has moved by more than log.slow_handler's 1 ms.
  HandlerResult slow(ReplyWriter& reply, HandlerContext&) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(2);
    while (std::chrono::steady_clock::now() < end) continue;
    reply.ok();
    return HandlerResult::replied;
  }

  static constexpr CommandSpec kCommands[] = {
      {.name = "testbreak", .min_arguments = 1, .max_arguments = 1}};
  Service& service_;
  std::unique_ptr<Timer> timer_;
  DeferredReply kept_;
};

const std::map<std::string, BreakHandler::Way> BreakHandler::kWays = {
    {"throw-late", &BreakHandler::throw_late},
    {"throw-number", &BreakHandler::throw_number},
    {"throw-promised", &BreakHandler::throw_promised},
    {"throw-writer", &BreakHandler::throw_writer},
    {"throw-timer", &BreakHandler::throw_timer},
    {"twice", &BreakHandler::twice},
    {"half", &BreakHandler::half},
    {"never", &BreakHandler::never},
    {"needless", &BreakHandler::needless},
    {"dropped", &BreakHandler::dropped},
    {"pending-written", &BreakHandler::pending_written},
    {"late-half", &BreakHandler::late_half},
    {"producer-throws", &BreakHandler::producer_throws},
    {"producer-half", &BreakHandler::producer_half},
    {"producer-after", &BreakHandler::producer_after},
    {"bad-pushes", &BreakHandler::bad_pushes},
    {"gone", &BreakHandler::gone},
    {"slow", &BreakHandler::slow},
};

}  // namespace

std::vector<HandlerEntry> test_handlers() {
  std::vector<HandlerEntry> entries(handler_entries().begin(), handler_entries().end());
  entries.push_back(handler_entry<LaterHandler>("test-later"));
  entries.push_back(handler_entry<CountHandler>("test-count"));
  entries.push_back(handler_entry<TellHandler>("test-tell"));
  entries.push_back(handler_entry<BreakHandler>("test-break"));
  return entries;
}

}  // namespace reactord::test
