// SPDX-License-Identifier: MIT
// Handler tables for the configuration's tests, so that they depend on no real handler; and short
// ways to compare problems and settings.
#pragma once

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/tables.h"
#include "config/toml/loader.h"

namespace reactord::test {

enum class Mood : std::uint8_t { calm, loud };

struct GreetSettings {
  std::string greeting = "hello";
  Mood mood = Mood::calm;
  bool twice = false;
  std::chrono::milliseconds pause{0};
};

struct CountSettings {
  std::int64_t most = 4096;
};

}  // namespace reactord::test

template <>
struct reactord::EnumWords<reactord::test::Mood> {
  static constexpr std::array kWords{
      EnumWord<reactord::test::Mood>{"calm", reactord::test::Mood::calm},
      EnumWord<reactord::test::Mood>{"loud", reactord::test::Mood::loud}};
};

namespace reactord::test {

inline constexpr KeySpec kGreetKeys[] = {
    key<&GreetSettings::greeting>("greeting", "What is said first.", Apply::reload, {1, 100}),
    key<&GreetSettings::mood>("mood", "How it is said.", Apply::restart),
    key<&GreetSettings::twice>("twice", "Whether it is said again.", Apply::reload),
    key<&GreetSettings::pause>(
        "pause", "How long to wait before it.", Apply::reload,
        duration_range(std::chrono::milliseconds(0), std::chrono::milliseconds(60'000))),
};
inline constexpr KeySpec kCountKeys[] = {
    key<&CountSettings::most>("most", "The most that is counted.", Apply::reload, {1, 1'000'000}),
};

/// "greet" and "count" have settings, "plain" and "parts" have none; no listener is bound to
/// "parts".
inline std::span<const HandlerTableSpec> handlers() {
  static const HandlerTableSpec kTables[] = {
      {"greet", kGreetKeys,
       [] { return std::shared_ptr<void>(std::make_shared<GreetSettings>()); }},
      {"count", kCountKeys,
       [] { return std::shared_ptr<void>(std::make_shared<CountSettings>()); }},
      {"plain", {}, [] { return std::shared_ptr<void>(); }},
      {"parts", {}, [] { return std::shared_ptr<void>(); }, false},
  };
  return kTables;
}

/// "line:column: message" for each problem, one a line.
inline std::string text_of(const std::vector<ConfigProblem>& problems) {
  std::string out;
  for (const ConfigProblem& problem : problems) {
    if (!out.empty()) out += "\n";
    out += std::to_string(problem.line) + ":" + std::to_string(problem.column) + ": " +
           problem.message;
  }
  return out;
}

inline std::string problems_of(std::string_view toml) {
  return text_of(parse_config(toml, handlers()).problems);
}

inline Config good(std::string_view toml) {
  LoadedConfig loaded = parse_config(toml, handlers());
  CHECK_EQ(text_of(loaded.problems), "");
  return loaded.config;
}

/// "path = value" for each setting, one a line.
inline std::string text_of(const std::vector<Setting>& settings) {
  std::string out;
  for (const Setting& setting : settings) out += setting.path + " = " + setting.value + "\n";
  return out;
}

/// A text, and all that is wrong with it.
struct ProblemRow {
  std::string toml;
  std::string problems;
};

inline void check_rows(std::span<const ProblemRow> rows) {
  for (const ProblemRow& row : rows) {
    CAPTURE(row.toml);
    CHECK_EQ(problems_of(row.toml), row.problems);
  }
}

}  // namespace reactord::test
