// SPDX-License-Identifier: MIT
// Scenarios of any bytes, and generators and expectations by themselves: problems stand in one line
// each, at their place; and of a good one, each request is the same from the same seed, its numbers
// lie where they were asked for, and its expectation allows the reply that it computes. The first
// byte of the input chooses the seed.
#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tests/fuzz/require.h"
#include "tools/reactor-load/scenario/scenario_loader.h"

namespace {

using namespace reactord::load;
using reactord::test::require;
using reactord::test::require_same;

constexpr std::int64_t kMostTextBytes = 1000;
constexpr int kDraws = 16;

void check_problem(std::string_view problem) {
  require(problem.starts_with("x.toml:"), "a problem does not name its file");
  require(std::all_of(problem.begin(), problem.end(),
                      [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; }),
          "a problem is no line");
}

/// Megabytes are made quickly, and tell nothing more.
bool is_short(const Generator& generator) {
  return generator.lengths.most <= kMostTextBytes && generator.lengths.mean <= kMostTextBytes &&
         generator.lengths.deviation <= kMostTextBytes;
}

std::string made_by(const Generator& generator, std::uint64_t seed) {
  GeneratorState state{Rng(seed), 3, 0, std::vector<std::size_t>(generator.place + 1)};
  std::string out;
  for (int i = 0; i < kDraws; ++i) {
    generator.append(out, state);
    out += '\n';
  }
  return out;
}

void check_integers(const Generator& generator, std::string_view lines) {
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    std::int64_t number = 0;
    const auto [stop, problem] = std::from_chars(lines.data(), lines.data() + end, number);
    require(problem == std::errc() && stop == lines.data() + end, "no number");
    require(generator.least <= number && number <= generator.most, "a number outside of its range");
    lines.remove_prefix(end + 1);
  }
}

void check_generator(const Generator& generator, std::uint64_t seed) {
  if (!is_short(generator)) return;
  const std::string made = made_by(generator, seed);
  require_same(made, made_by(generator, seed), "the same seed, and another text");
  if (generator.kind == Generator::Kind::integer) check_integers(generator, made);
  if (generator.kind == Generator::Kind::client) require(made.starts_with("3\n3\n"), "the client");
  if (generator.kind == Generator::Kind::counter)
    require(made.starts_with("1\n2\n"), "the counter");
}

void check_request(const RequestTemplate& request, std::uint64_t seed) {
  for (const WordTemplate& word : request.words) {
    bool is_constant = true;
    for (const auto& piece : word.pieces) {
      const auto* const generator = std::get_if<Generator>(&piece);
      if (generator == nullptr) continue;
      is_constant = false;
      check_generator(*generator, seed);
    }
    require(word.is_constant() == is_constant, "a word is constant, or is not");
  }
}

/// The reply that is expected is right, and another one is not.
void check_expectation(const Expectation& expectation) {
  std::string text;
  std::string scratch;
  constexpr std::string_view kArgument = "-4.40";
  require(!expectation.describe(kArgument).empty(), "an expectation without words");
  if (!expectation.expected_text(kArgument, text)) return;
  require(expectation.allows({'$', {}, text}, kArgument, false, scratch),
          "the right reply is wrong");
  require(!expectation.allows({'$', {}, text + "x"}, kArgument, false, scratch),
          "a wrong one is right");
  require(!expectation.allows({'-', {}, text + "x"}, kArgument, false, scratch),
          "an error is right");
}

void check_steps(const std::vector<Step>& steps, std::uint64_t seed) {
  for (const Step& step : steps) {
    check_request(step.request, seed);
    check_expectation(step.expectation);
    check_steps(step.steps, seed);
  }
}

/// "int:1..6" and so on.
void check_generator_text(std::string_view text, std::uint64_t seed) {
  Generator generator;
  std::size_t places = 0;
  if (parse_generator(text, "/nowhere", places, generator).empty())
    check_generator(generator, seed);
}

/// "echo", "exact:TEXT" and so on; what is one is told apart from all others.
void check_expectation_text(std::string_view text) {
  Expectation expectation;
  if (!parse_expectation(text, expectation).empty()) return;
  check_expectation(expectation);
  const std::size_t colon = text.find(':');
  if (colon != text.npos) require_same(text.substr(colon + 1), expectation.text, "another text");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMostBytes = 4000;
  if (size < 1 || size > kMostBytes) return 0;
  const std::vector<char> copy(data + 1, data + size);
  const std::string_view text(copy.data(), copy.size());
  check_expectation_text(text);
  check_generator_text(text, data[0]);
  const LoadedScenario loaded = parse_scenario(text, "x.toml", "/nowhere");
  for (const std::string& problem : loaded.problems) check_problem(problem);
  if (!loaded.problems.empty()) return 0;
  require(!loaded.scenario.groups.empty(), "nobody plays");
  for (const Group& group : loaded.scenario.groups) check_steps(group.steps, data[0]);
  return 0;
}
