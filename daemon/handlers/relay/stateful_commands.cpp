// SPDX-License-Identifier: MIT
#include "daemon/handlers/relay/stateful_commands.h"

#include <algorithm>

#include "protocol/words.h"

namespace reactord {

namespace {

/// Of Redis 7 and Valkey 8: what changes the connection, what waits, and what answers with more or
/// less than one reply (https://redis.io/docs/latest/commands/).
constexpr std::string_view kStateful[] = {
    "asking",    "auth",        "blmove",     "blmpop", "blpop",        "brpop",     "brpoplpush",
    "bzmpop",    "bzpopmax",    "bzpopmin",   "client", "discard",      "exec",      "hello",
    "monitor",   "multi",       "psubscribe", "psync",  "punsubscribe", "quit",      "readonly",
    "readwrite", "replconf",    "reset",      "select", "ssubscribe",   "subscribe", "sunsubscribe",
    "sync",      "unsubscribe", "unwatch",    "wait",   "waitaof",      "watch"};
static_assert(std::is_sorted(std::begin(kStateful), std::end(kStateful)));

}  // namespace

bool is_stateful_command(std::string_view name) {
  // Nearly all names are decided by one comparison or two, without a copy in lower case.
  return std::any_of(std::begin(kStateful), std::end(kStateful),
                     [&](std::string_view known) { return same_word(name, known); });
}

bool is_blocking_request(std::span<const std::string_view> words) {
  if (!same_word(words.front(), "xread") && !same_word(words.front(), "xreadgroup")) return false;
  return std::any_of(words.begin() + 1, words.end(),
                     [](std::string_view word) { return same_word(word, "block"); });
}

}  // namespace reactord
