// SPDX-License-Identifier: MIT
// A cache that Redis' clients can use: SET, GET, DEL, EXISTS, TTL and PTTL as in Redis; WATCHKEY
// tells of changes by RESP3 pushes.
#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <optional>

#include "reactord/module.h"
#include "reactord/words.h"
#include "store.h"
#include "watchers.h"

namespace cache {
namespace {

using namespace reactord;
using namespace std::chrono_literals;

constexpr std::size_t kMaxKeyBytes = 512;
/// Removing one takes some 0.3 microseconds: a slice takes 60.
constexpr std::size_t kMaxExpiredPerSlice = 200;
constexpr auto kSlicePause = 20ms;
/// Ten years: further ends would not fit the clock.
constexpr std::int64_t kMaxMilliseconds = std::int64_t{10} * 366 * 24 * 3600 * 1000;

struct CacheSettings {
  ByteCount max_memory{64u << 20};
  ByteCount max_value{64u << 10};
};

std::string_view word_of(Change change) {
  switch (change) {
    case Change::set:
      return "set";
    case Change::deleted:
      return "deleted";
    case Change::expired:
      return "expired";
    case Change::evicted:
      return "evicted";
  }
  return "";
}

class CacheHandler : public Handler {
 public:
  using Settings = CacheSettings;
  static constexpr KeySpec kKeys[] = {
      key<&CacheSettings::max_memory>("max_memory", "What keys and values may take together.",
                                      Apply::reload,
                                      size_range(ByteCount{1u << 10}, ByteCount{64ull << 30})),
      key<&CacheSettings::max_value>("max_value", "Of one value. From 1 byte to 16MiB.",
                                     Apply::reload,
                                     size_range(ByteCount{1}, ByteCount{16u << 20}))};

  CacheHandler(Service& service, const CacheSettings& settings)
      : service_(service),
        settings_(settings),
        store_(settings.max_memory.bytes,
               [this](std::string_view key, Change change) { tell(key, change); }) {}

  std::span<const CommandSpec> commands() const override { return kCommands; }

  void start() override {
    slices_ = service_.call_every(kSlicePause, [this] {
      store_.expire(service_.now(), kMaxExpiredPerSlice);
      store_.trim();
      watchers_.tell_missed();
    });
  }

  HandlerResult handle(const Request& request, ReplyWriter& reply,
                       HandlerContext& context) override {
    for (const std::string_view key : keys_of(request)) {
      if (key.size() <= kMaxKeyBytes) continue;
      reply.error(fmt::format("ERR a key has at most {} bytes", kMaxKeyBytes));
      return HandlerResult::replied;
    }
    switch (static_cast<Command>(request.command.id)) {
      case kSet:
        set(request, reply, context);
        break;
      case kGet:
        get(request, reply, context);
        break;
      case kDel:
        reply.integer(count(request, [&](auto key) { return store_.erase(key, context.now()); }));
        break;
      case kExists:
        reply.integer(count(
            request, [&](auto key) { return store_.end_of(key, context.now()).has_value(); }));
        break;
      case kTtl:
        ttl(request, 1s, reply, context);
        break;
      case kPttl:
        ttl(request, 1ms, reply, context);
        break;
      case kWatch:
        watch(request, reply, context);
        break;
      case kUnwatch:
        reply.integer(count(
            request, [&](auto key) { return watchers_.unwatch(context.state<Watcher>(), key); }));
        break;
      case kStatus:
        status(reply);
        break;
    }
    return HandlerResult::replied;
  }

  void reload(const void* settings) override {
    settings_ = *static_cast<const CacheSettings*>(settings);
    store_.set_max_bytes(settings_.max_memory.bytes);
  }

 private:
  enum Command : std::uint8_t { kSet, kGet, kDel, kExists, kTtl, kPttl, kWatch, kUnwatch, kStatus };
  /// Each key of a command may take 0.5 microseconds; a hundred of them are a small share of a
  /// turn.
  static constexpr std::size_t kMaxKeys = 100;
  static constexpr CommandSpec kCommands[] = {
      {.name = "set",
       .synopsis = "key value [EX seconds|PX milliseconds]",
       .summary = "Sets a key, for a while",
       .min_arguments = 2,
       .max_arguments = 4,
       .id = kSet},
      {.name = "get",
       .synopsis = "key",
       .summary = "The value, or nil",
       .min_arguments = 1,
       .max_arguments = 1,
       .id = kGet},
      {.name = "del",
       .synopsis = "key ...",
       .summary = "Removes keys; how many there were",
       .min_arguments = 1,
       .max_arguments = kMaxKeys,
       .id = kDel},
      {.name = "exists",
       .synopsis = "key ...",
       .summary = "How many of them there are",
       .min_arguments = 1,
       .max_arguments = kMaxKeys,
       .id = kExists},
      {.name = "ttl",
       .synopsis = "key",
       .summary = "Seconds until it ends; -1: never, -2: there is none",
       .min_arguments = 1,
       .max_arguments = 1,
       .id = kTtl},
      {.name = "pttl",
       .synopsis = "key",
       .summary = "The same in milliseconds",
       .min_arguments = 1,
       .max_arguments = 1,
       .id = kPttl},
      {.name = "watchkey",
       .synopsis = "key ...",
       .summary = "Tells of each change of these keys, by pushes (HELLO 3)",
       .min_arguments = 1,
       .max_arguments = kMaxKeys,
       .id = kWatch},
      {.name = "unwatchkey",
       .synopsis = "key ...",
       .summary = "Tells no more of them; how many were watched",
       .min_arguments = 1,
       .max_arguments = kMaxKeys,
       .id = kUnwatch},
      {.name = "cachestatus", .summary = "Keys, bytes and watched keys", .id = kStatus},
  };

  static std::span<const std::string_view> keys_of(const Request& request) {
    const auto& arguments = request.arguments;
    return request.command.id == kSet ? arguments.first(1) : arguments;
  }

  template <class Call>
  static std::int64_t count(const Request& request, Call call) {
    std::int64_t counted = 0;
    for (const std::string_view key : request.arguments) counted += call(key) ? 1 : 0;
    return counted;
  }

  /// As in Redis: the words in any case, the number above 0. False: an error was written.
  bool read_end(const Request& request, TimePoint now, std::optional<TimePoint>& end,
                ReplyWriter& reply) {
    const auto arguments = request.arguments;
    if (arguments.size() == 2) return true;
    const bool is_seconds = same_word(arguments[2], "ex");
    if (arguments.size() != 4 || (!is_seconds && !same_word(arguments[2], "px"))) {
      reply.error("ERR syntax error: SET key value [EX seconds|PX milliseconds]");
      return false;
    }
    const std::optional<std::int64_t> number = parse_integer(arguments[3]);
    const std::int64_t most = is_seconds ? kMaxMilliseconds / 1000 : kMaxMilliseconds;
    if (!number || *number < 1 || *number > most) {
      reply.error("ERR invalid expire time in 'set' command");
      return false;
    }
    end = now + std::chrono::milliseconds(is_seconds ? *number * 1000 : *number);
    return true;
  }

  void set(const Request& request, ReplyWriter& reply, HandlerContext& context) {
    const std::string_view value = request.arguments[1];
    if (value.size() > settings_.max_value.bytes)
      return reply.error(fmt::format("ERR a value has at most {} bytes (handlers.cache.max_value)",
                                     settings_.max_value.bytes));
    std::optional<TimePoint> end;
    if (!read_end(request, context.now(), end, reply)) return;
    switch (store_.set(request.arguments[0], value, end, context.now())) {
      case Store::Stored::stored:
        return reply.ok();
      case Store::Stored::too_large:
        return reply.error("OOM it does not fit into handlers.cache.max_memory");
      case Store::Stored::making_room:
        return reply.error("BUSY room is being made for so large a value: try again");
    }
  }

  void get(const Request& request, ReplyWriter& reply, HandlerContext& context) {
    const std::string* value = store_.get(request.arguments[0], context.now());
    value == nullptr ? reply.nil() : reply.bulk(*value);
  }

  /// Rounded up, so that a key with an end has never 0 left.
  void ttl(const Request& request, std::chrono::milliseconds unit, ReplyWriter& reply,
           HandlerContext& context) {
    const auto end = store_.end_of(request.arguments[0], context.now());
    if (!end) return reply.integer(-2);
    if (!*end) return reply.integer(-1);
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(**end - context.now());
    reply.integer((left + unit - 1ms) / unit);
  }

  void watch(const Request& request, ReplyWriter& reply, HandlerContext& context) {
    if (context.session().protocol() != 3)
      return reply.error("ERR WATCHKEY needs HELLO 3: in RESP2 a push looks like a reply");
    for (const std::string_view key : request.arguments)
      if (!watchers_.watch(context.state<Watcher>(), key, context))
        return reply.error(
            fmt::format("ERR no more than {} keys can be watched", Watchers::kMaxWatched));
    reply.ok();
  }

  void status(ReplyWriter& reply) {
    reply.map(3);
    reply.bulk("keys");
    reply.integer(static_cast<std::int64_t>(store_.size()));
    reply.bulk("bytes");
    reply.integer(static_cast<std::int64_t>(store_.bytes()));
    reply.bulk("watched");
    reply.integer(static_cast<std::int64_t>(watchers_.size()));
  }

  void tell(std::string_view key, Change change) {
    const std::size_t told = watchers_.tell(key, word_of(change));
    if (told > 0) service_.charge(std::chrono::microseconds(told));
  }

  Service& service_;
  CacheSettings settings_;
  Watchers watchers_;
  Store store_;
  std::unique_ptr<Timer> slices_;
};

}  // namespace
}  // namespace cache

reactord::HandlerEntry cache_handler() {
  return reactord::handler_entry<cache::CacheHandler>("cache");
}

REACTORD_MODULE(cache_handler());
