// SPDX-License-Identifier: MIT
// What of a server's figures and settings is wrong or near a limit: a table of rules, and what
// they find. Knows no connection; prints nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tools/reactor-cli/figures/figures.h"

namespace reactord::cli {

enum class Severity : std::uint8_t {
  wrong,  ///< something has failed, or was refused to somebody
  near,   ///< a limit is close
  note,   ///< worth knowing; nothing has happened
};
[[nodiscard]] std::string_view to_string(Severity severity);

/// In plain words, and what to set or to do.
struct Advice {
  std::string says;
  std::string set;
};

/// How a rule speaks that fires where something has happened at all.
struct Happened {
  std::string_view noun{};  ///< "client"
  std::string_view says{};  ///< "{} closed: ...", where "{}" is how many: "3 clients"
  std::string_view set{};
};

struct Rule {
  std::string_view id;
  Severity severity;
  /// The figures and settings that it needs, with blanks between; where one of them is not told, it
  /// cannot be judged.
  std::string_view reads;
  /// Why its threshold is where it is.
  std::string_view because;
  /// Null: it counts what it reads.
  std::optional<Advice> (*judge)(const Figures& figures);
  Happened happened{};
};

/// All of them, in the order in which they are told of.
[[nodiscard]] std::vector<const Rule*> rules();
/// Their parts: who may come and how, what is limited, and how it goes.
[[nodiscard]] std::span<const Rule> rules_of_network();
[[nodiscard]] std::span<const Rule> rules_of_restarts();
[[nodiscard]] std::span<const Rule> rules_of_limits();
[[nodiscard]] std::span<const Rule> rules_of_load();

struct Finding {
  const Rule* rule;
  Advice advice;
};
struct Diagnosis {
  std::vector<Finding> findings;  ///< what is wrong first
  std::vector<const Rule*> not_judged;
};

/// Of INFO's figures, commandstats among them, CONFIG GET's settings and what add_clients() adds.
[[nodiscard]] Diagnosis diagnose(const Figures& figures);

/// Adds what rules read of CLIENT LIST: clients_idle_hour (how many have been idle for an hour),
/// clients_most_omem (unsent output, in bytes) and clients_most_omem_who.
void add_clients(std::string_view client_list, Figures& figures);

/// A size as CONFIG GET shows it, "256MiB", in bytes; nothing for any other text.
[[nodiscard]] std::optional<double> size_of(std::string_view text);

}  // namespace reactord::cli
