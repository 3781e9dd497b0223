// SPDX-License-Identifier: MIT
// TAKE bucket [cost], PEEK bucket, REFILL bucket: so much in a time for each name, as with users of
// an API. Every process that asks shares the buckets.
#include <fmt/format.h>

#include <chrono>
#include <memory>

#include "buckets.h"
#include "reactord/module.h"
#include "reactord/words.h"

namespace rate_limiter {
namespace {

using namespace reactord;
using namespace std::chrono_literals;

/// Of names that people and programs give; a bucket takes its name and some 150 bytes.
constexpr std::size_t kMaxNameBytes = 128;
/// Forgetting one takes some 0.2 microseconds: a slice takes 40, and at most 4000 a second end.
constexpr std::size_t kMaxExpiredPerSlice = 200;
constexpr auto kSlicePause = 50ms;

struct Settings {
  std::int64_t burst = 10;
  std::int64_t tokens = 10;
  std::chrono::milliseconds period{1000};
  std::int64_t max_buckets = 100'000;
};

Rate rate_of(const Settings& settings) {
  // Rounded up: never more than was said. At most 10^6 tokens of an hour each fit in 63 bits.
  const std::chrono::nanoseconds period = settings.period;
  return {settings.burst, (period + Duration(settings.tokens - 1)) / settings.tokens};
}

/// Rounded up: waiting exactly that long is enough.
std::int64_t milliseconds(Duration wait) {
  return std::chrono::ceil<std::chrono::milliseconds>(wait).count();
}

class RateLimiter : public Handler {
 public:
  using Settings = rate_limiter::Settings;
  static constexpr KeySpec kKeys[] = {
      key<&Settings::burst>("burst", "Tokens of a full bucket. From 1 to 1000000.", Apply::reload,
                            {.least = 1, .most = 1'000'000}),
      key<&Settings::tokens>("tokens", "So many come back in a period. From 1 to 1000000.",
                             Apply::reload, {.least = 1, .most = 1'000'000}),
      key<&Settings::period>("period", "From 1ms to 1h.", Apply::reload, duration_range(1ms, 1h)),
      key<&Settings::max_buckets>("max_buckets", "Buckets that are not full. From 1 to 1000000.",
                                  Apply::reload, {.least = 1, .most = 1'000'000})};

  RateLimiter(Service& service, const Settings& settings)
      : service_(service),
        settings_(settings),
        buckets_(rate_of(settings), static_cast<std::size_t>(settings.max_buckets)) {}

  std::span<const CommandSpec> commands() const override { return kCommands; }

  void start() override {
    slices_ = service_.call_every(kSlicePause,
                                  [this] { buckets_.expire(service_.now(), kMaxExpiredPerSlice); });
  }

  HandlerResult handle(const Request& request, ReplyWriter& reply,
                       HandlerContext& context) override {
    if (request.command.id == kBuckets) {
      reply.integer(static_cast<std::int64_t>(buckets_.size()));
      return HandlerResult::replied;
    }
    const std::string_view name = request.arguments[0];
    if (name.size() > kMaxNameBytes) {
      reply.error(fmt::format("ERR a bucket's name has at most {} bytes", kMaxNameBytes));
    } else if (request.command.id == kTake) {
      take(name, request.arguments.size() < 2 ? "1" : request.arguments[1], reply, context);
    } else if (request.command.id == kPeek) {
      const Taken now = buckets_.peek(name, context.now());
      reply.array(2);
      reply.integer(now.left);
      reply.integer(milliseconds(now.wait));
    } else {
      reply.integer(buckets_.refill(name, context.now()) ? 1 : 0);
    }
    return HandlerResult::replied;
  }

  void reload(const void* settings) override {
    settings_ = *static_cast<const Settings*>(settings);
    buckets_.set(rate_of(settings_), static_cast<std::size_t>(settings_.max_buckets));
  }

 private:
  enum Command : std::uint8_t { kTake, kPeek, kRefill, kBuckets };
  static constexpr CommandSpec kCommands[] = {
      {.name = "take",
       .synopsis = "bucket [cost]",
       .summary = "Takes tokens: 1 or 0, those left, and milliseconds until it is possible",
       .min_arguments = 1,
       .max_arguments = 2,
       .id = kTake},
      {.name = "peek",
       .synopsis = "bucket",
       .summary = "Tokens left, and milliseconds until the bucket is full",
       .min_arguments = 1,
       .max_arguments = 1,
       .id = kPeek},
      {.name = "refill",
       .synopsis = "bucket",
       .summary = "Fills a bucket; 0 if it was full",
       .min_arguments = 1,
       .max_arguments = 1,
       .id = kRefill},
      {.name = "buckets",
       .summary = "How many are not full, or were not a moment ago",
       .id = kBuckets},
  };

  void take(std::string_view name, std::string_view cost_text, ReplyWriter& reply,
            HandlerContext& context) {
    const std::optional<std::int64_t> cost = parse_integer(cost_text);
    if (!cost || *cost < 1) return reply.error("ERR the cost must be an integer from 1 on");
    if (*cost > settings_.burst)
      return reply.error(
          fmt::format("NEVER a cost of {} is more than a full bucket of {}: no waiting helps",
                      *cost, settings_.burst));
    const Taken taken = buckets_.take(name, *cost, context.now());
    reply.array(3);
    reply.integer(taken.is_allowed ? 1 : 0);
    reply.integer(taken.left);
    reply.integer(milliseconds(taken.wait));
  }

  Service& service_;
  Settings settings_;
  Buckets buckets_;
  std::unique_ptr<Timer> slices_;
};

}  // namespace
}  // namespace rate_limiter

reactord::HandlerEntry rate_limiter_handler() {
  return reactord::handler_entry<rate_limiter::RateLimiter>("rate_limiter");
}

REACTORD_MODULE(rate_limiter_handler());
