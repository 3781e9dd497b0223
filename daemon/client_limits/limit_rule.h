// SPDX-License-Identifier: MIT
// One [[limit]]: whom it counts as one client, what each may have, and what has come of it. Judges;
// what is done to a connection is in client_limits.h.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "config/config.h"
#include "daemon/client_limits/debt_table.h"
#include "daemon/client_limits/gcra.h"

namespace reactord {

/// What somebody has too much of.
enum class Limited : std::uint8_t { connections, connection_rate, request_rate, byte_rate };
inline constexpr std::size_t kLimitedKinds = 4;
/// As in INFO and the log: "connections", "connection_rate", ...
[[nodiscard]] std::string_view name_of(Limited what);

/// Who asks.
struct LimitedClient {
  std::array<std::uint8_t, 16> mapped_ip{};  ///< zeros over a Unix socket
  std::string_view user{};                   ///< that it has logged in as; empty: as none
};

/// Why not.
struct Overrun {
  Limited what;
  Duration wait{0};  ///< until one more may be had; zero: until one of those that there are goes
};

class LimitRule {
 public:
  LimitRule(const LimitRuleSettings& settings, HashSeed seed);
  /// A reload has changed them. What clients owe stays, unless clients are told apart otherwise.
  void apply(const LimitRuleSettings& settings);
  [[nodiscard]] const LimitRuleSettings& settings() const { return settings_; }

  /// As whom the rule counts a client; none: not at all.
  [[nodiscard]] std::optional<LimitKey> key_of(const LimitedClient& client) const;

  // --- connections ---
  /// Whether there may be one more at this time.
  [[nodiscard]] std::optional<Overrun> ask_room(const LimitKey& key) const;
  /// The same, and whether one may be new.
  [[nodiscard]] std::optional<Overrun> ask_connection(const LimitKey& key, TimePoint now) const;
  void charge_connection(const LimitKey& key, TimePoint now);
  /// One has begun or ended. Kept only where there is a limit on how many there are.
  void count_connection(const LimitKey& key, int change);
  void forget_connections() { connections_.clear(); }

  // --- requests and bytes ---
  /// How many requests may be served now, of at most `most`; where none may, why.
  struct Grant {
    std::uint64_t requests = 0;
    std::optional<Overrun> overrun = {};
  };
  [[nodiscard]] Grant grant(const LimitKey& key, TimePoint now, std::uint64_t most) const;
  /// So much was served.
  void charge(const LimitKey& key, TimePoint now, std::uint64_t requests, std::uint64_t bytes);

  // --- what came of it ---
  /// Connections, requests, or turns of a connection, in which it was over its limit.
  void note(Limited what, std::uint64_t times) { counts_[static_cast<std::size_t>(what)] += times; }
  [[nodiscard]] std::uint64_t count_of(Limited what) const {
    return counts_[static_cast<std::size_t>(what)];
  }
  [[nodiscard]] std::uint64_t forgotten() const { return forgotten_before_ + debts_->forgotten(); }
  /// Whether it is time for a line in the log: a flood is told once in a second.
  [[nodiscard]] bool may_log(TimePoint now);

 private:
  struct KeyHash {
    std::size_t operator()(const LimitKey& key) const noexcept;
    HashSeed seed;
  };

  LimitRuleSettings settings_;
  HashSeed seed_;
  NetworkSet exempt_;
  bool is_unix_exempt_ = false;
  LimitKey ipv6_mask_{};
  std::optional<Gcra> connection_rate_;
  std::optional<Gcra> request_rate_;
  std::optional<Gcra> byte_rate_;
  std::unique_ptr<DebtTable> debts_;
  /// Of those who are connected, and so of no more than may be.
  std::unordered_map<LimitKey, std::int64_t, KeyHash> connections_;
  std::array<std::uint64_t, kLimitedKinds> counts_{};
  std::uint64_t forgotten_before_ = 0;  ///< by tables that a reload has replaced
  TimePoint logged_{};
};

/// The client's error: "LIMIT too many requests from your address; try again in 250 ms", or "of
/// your user". The time is rounded up: waiting as long as it says is enough.
[[nodiscard]] std::string error_of(const Overrun& overrun, const LimitRuleSettings& settings);

}  // namespace reactord
