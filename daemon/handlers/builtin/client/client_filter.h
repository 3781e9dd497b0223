// SPDX-License-Identifier: MIT
// Which clients CLIENT LIST shows and CLIENT KILL ends: the filters as Redis words them, read once
// and matched against each client. Ends nobody.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/interface/service.h"

namespace reactord {

/// Of what Redis words so, whatever is wrong.
inline constexpr std::string_view kSyntaxError = "ERR syntax error";

/// Redis' classes of clients; there are never masters or replicas here.
enum class ClientType : std::uint8_t { normal, pubsub, master, replica };

/// What a client must fulfil, all of it. Owns its texts: the walk outlives the request.
struct ClientFilter {
  std::vector<std::uint64_t> ids;  ///< empty: any
  std::optional<ClientType> type;
  std::optional<std::string> peer;
  std::optional<std::string> local;
  std::optional<std::string> user;
  std::chrono::seconds min_age{0};
  std::optional<std::uint64_t> skip;  ///< this one never matches
  bool first_only = false;            ///< the walk ends at the first match

  /// Everything but `ids`, by which clients are looked up.
  [[nodiscard]] bool matches(const ClientFacts& client) const;
};

/// The arguments of CLIENT LIST. Returns the error reply, or "" after filling `filter`.
[[nodiscard]] std::string parse_list_filter(std::span<const std::string_view> arguments,
                                            ClientFilter& filter);

/// Who asks, and whom it may name.
struct KillAsker {
  std::uint64_t self = 0;
  std::vector<std::string> users = {};
};

/// The arguments of CLIENT KILL, an address alone or options.
[[nodiscard]] std::string parse_kill_filter(std::span<const std::string_view> arguments,
                                            const KillAsker& asker, ClientFilter& filter);

}  // namespace reactord
