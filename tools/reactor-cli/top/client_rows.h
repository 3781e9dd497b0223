// SPDX-License-Identifier: MIT
// Clients or commands as rows of figures: what each has done since a look before, in an order, of
// those who are meant. Knows no server and no screen.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/reactor-cli/figures/figures.h"

namespace reactord::cli {

/// By what rows are sorted, the most first.
enum class TopOrder : std::uint8_t { rate, work, received, sent, memory, idle, age };
inline constexpr std::size_t kTopOrders = 7;
/// "rate", "cpu", "in", "out", "memory", "idle", "age".
[[nodiscard]] std::string_view name_of(TopOrder order);

struct ClientRow {
  std::uint64_t id = 0;
  std::string who;  ///< its address, and its name if it has one
  std::string user;
  std::string listener;
  std::string command;  ///< the latest
  double rate = 0;      ///< requests a second
  double share = 0;     ///< of one processor, 0 to 1
  double received = 0;  ///< bytes a second, as `sent`
  double sent = 0;
  double memory = 0;  ///< bytes
  double idle = 0;    ///< seconds, as `age`
  double age = 0;
  Figures all;  ///< every field of its line in CLIENT LIST
};

using ClientList = std::map<std::uint64_t, Figures>;

/// Of those in `now` in whose address, name, user, listener or command `filter` stands. What was
/// done since `before`, `seconds` ago; by who has come since, in its whole age.
[[nodiscard]] std::vector<ClientRow> client_rows(const ClientList& now, const ClientList& before,
                                                 double seconds, TopOrder order,
                                                 std::string_view filter);

struct CommandRow {
  std::string name;
  double rate = 0;      ///< calls a second
  double mean = 0;      ///< microseconds that its handler takes
  double share = 0;     ///< of one processor, 0 to 1
  double failures = 0;  ///< a second
  double p99 = 0;       ///< microseconds from arrival to reply, since the start; 0: not told
};

/// `latencies` is INFO latencystats. Sorted by share, then by rate.
[[nodiscard]] std::vector<CommandRow> command_rows(const Figures& now, const Figures& before,
                                                   const Figures& latencies, double seconds,
                                                   std::string_view filter);

}  // namespace reactord::cli
