// SPDX-License-Identifier: MIT
#include "daemon/handlers/builtin/client/client_filter.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/escape.h"
#include "protocol/words.h"

namespace reactord {
namespace {

struct TypeWord {
  std::string_view word;
  ClientType type;
};
constexpr TypeWord kTypes[] = {{"normal", ClientType::normal},
                               {"pubsub", ClientType::pubsub},
                               {"master", ClientType::master},
                               {"replica", ClientType::replica},
                               {"slave", ClientType::replica}};

std::string parse_type(std::string_view word, ClientFilter& filter) {
  for (const TypeWord& known : kTypes) {
    if (!same_word(known.word, word)) continue;
    filter.type = known.type;
    return {};
  }
  return fmt::format("ERR Unknown client type '{}'", escaped(word));
}

std::string parse_kill_id(std::string_view word, ClientFilter& filter) {
  const std::optional<std::int64_t> id = parse_integer(word);
  if (!id || *id <= 0) return "ERR client-id should be greater than 0";
  filter.ids.assign(1, static_cast<std::uint64_t>(*id));
  return {};
}

std::string parse_max_age(std::string_view word, ClientFilter& filter) {
  // Seconds in a century: any more would not fit a duration's arithmetic.
  constexpr std::int64_t kMostSeconds = 100LL * 366 * 24 * 60 * 60;
  const std::optional<std::int64_t> age = parse_integer(word);
  if (!age || *age > kMostSeconds) return "ERR maxage is not an integer or out of range";
  if (*age <= 0) return "ERR maxage should be greater than 0";
  filter.min_age = std::chrono::seconds(*age);
  return {};
}

std::string parse_user(std::string_view name, std::span<const std::string> users,
                       ClientFilter& filter) {
  if (std::ranges::find(users, name) != users.end()) {
    filter.user = name;
    return {};
  }
  return fmt::format("ERR No such user '{}'", escaped(name));
}

std::string parse_skip_me(std::string_view word, std::uint64_t self, ClientFilter& filter) {
  if (same_word(word, "yes")) {
    filter.skip = self;
  } else if (same_word(word, "no")) {
    filter.skip.reset();
  } else {
    return std::string(kSyntaxError);
  }
  return {};
}

std::string parse_kill_option(std::string_view option, std::string_view value,
                              const KillAsker& asker, ClientFilter& filter) {
  if (same_word(option, "ID")) return parse_kill_id(value, filter);
  if (same_word(option, "TYPE")) return parse_type(value, filter);
  if (same_word(option, "USER")) return parse_user(value, asker.users, filter);
  if (same_word(option, "SKIPME")) return parse_skip_me(value, asker.self, filter);
  if (same_word(option, "MAXAGE")) return parse_max_age(value, filter);
  if (same_word(option, "ADDR")) {
    filter.peer = value;
    return {};
  }
  if (same_word(option, "LADDR")) {
    filter.local = value;
    return {};
  }
  return std::string(kSyntaxError);
}

std::string parse_ids(std::span<const std::string_view> words, ClientFilter& filter) {
  for (const std::string_view word : words) {
    const std::optional<std::int64_t> id = parse_integer(word);
    if (!id) return "ERR Invalid client ID";
    filter.ids.push_back(static_cast<std::uint64_t>(*id));
  }
  return {};
}

}  // namespace

bool ClientFilter::matches(const ClientFacts& client) const {
  const ClientType client_type = client.subscribed ? ClientType::pubsub : ClientType::normal;
  return (!skip || *skip != client.id) && (!type || *type == client_type) &&
         (!peer || *peer == client.peer) && (!local || *local == client.local) &&
         (!user || *user == client.user) && client.age >= min_age;
}

std::string parse_list_filter(std::span<const std::string_view> arguments, ClientFilter& filter) {
  if (arguments.empty()) return {};
  const std::string_view option = arguments[0];
  if (same_word(option, "TYPE") && arguments.size() == 2) return parse_type(arguments[1], filter);
  if (same_word(option, "ID") && arguments.size() > 1) {
    return parse_ids(arguments.subspan(1), filter);
  }
  return std::string(kSyntaxError);
}

std::string parse_kill_filter(std::span<const std::string_view> arguments, const KillAsker& asker,
                              ClientFilter& filter) {
  if (arguments.size() == 1) {
    filter.peer = arguments[0];
    filter.first_only = true;
    return {};
  }
  if (arguments.size() % 2 != 0) return std::string(kSyntaxError);
  filter.skip = asker.self;
  std::string problem;
  for (std::size_t i = 0; i < arguments.size() && problem.empty(); i += 2) {
    problem = parse_kill_option(arguments[i], arguments[i + 1], asker, filter);
  }
  return problem;
}

}  // namespace reactord
