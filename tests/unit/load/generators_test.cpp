// SPDX-License-Identifier: MIT
// What generators make: within their bounds, the same for the same seed, and with clear messages
// where they are written wrongly.
#include "tools/reactor-load/scenario/generators.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <set>
#include <string>

#include "tests/unit/support/temporary_folder.h"
#include "tools/reactor-load/scenario/request_template.h"

namespace reactord::load {
namespace {

GeneratorState state_for(std::uint64_t client, std::uint64_t seed = 1) {
  return {Rng(client_seed(seed, 0, client)), client, 0, {}};
}

WordTemplate word(std::string_view text, const std::string& folder = "") {
  WordTemplate out;
  std::size_t places = 0;
  REQUIRE_EQ(parse_word(text, folder, places, out), "");
  return out;
}

std::string problem(std::string_view text) {
  WordTemplate out;
  std::size_t places = 0;
  return parse_word(text, "", places, out);
}

std::string make(const WordTemplate& word, GeneratorState& state) {
  std::string out;
  word.append(out, state);
  return out;
}

TEST_CASE("whole numbers keep to their range, and reach both ends") {
  const WordTemplate number = word("{int:-3..3}");
  GeneratorState state = state_for(1);
  std::set<std::string> seen;
  for (int i = 0; i < 500; ++i) seen.insert(make(number, state));
  CHECK_EQ(seen, std::set<std::string>{"-1", "-2", "-3", "0", "1", "2", "3"});
}

TEST_CASE("the whole range of 64 bits is a range") {
  const WordTemplate number = word("{int:-9223372036854775808..9223372036854775807}");
  GeneratorState state = state_for(1);
  bool negative = false;
  bool positive = false;
  for (int i = 0; i < 100; ++i) (make(number, state)[0] == '-' ? negative : positive) = true;
  CHECK(negative);
  CHECK(positive);
}

TEST_CASE("decimals have their places, and keep to their range") {
  const WordTemplate number = word("{real:-1.5..2:3}");
  GeneratorState state = state_for(1);
  for (int i = 0; i < 1000; ++i) {
    const std::string text = make(number, state);
    CAPTURE(text);
    REQUIRE_EQ(text.size() - text.find('.') - 1, 3);
    const double value = std::strtod(text.c_str(), nullptr);
    CHECK(value >= -1.5);
    CHECK(value <= 2);
  }
  GeneratorState again = state_for(1);
  CHECK_EQ(make(word("{real:7..7:0}"), again), "7");
  CHECK_EQ(make(word("{real:-0.05..-0.05:2}"), again), "-0.05");
}

TEST_CASE("digits are as many as asked for, and begin with none that could be left out") {
  GeneratorState state = state_for(1);
  for (int i = 0; i < 200; ++i) {
    const std::string text = make(word("{digits:2..30}"), state);
    CHECK(text.size() >= 2);
    CHECK(text.size() <= 30);
    CHECK(text[0] != '0');
    CHECK_EQ(text.find_first_not_of("0123456789"), std::string::npos);
  }
}

TEST_CASE("texts have the length that is drawn") {
  GeneratorState state = state_for(1);
  CHECK_EQ(make(word("{text:16}"), state).size(), 16);
  CHECK_EQ(make(word("{text:0}"), state).size(), 0);
  CHECK_EQ(make(word("{text:64}"), state).size(), 64);
  CHECK_EQ(make(word("{bytes:65}"), state).size(), 65);
  CHECK_EQ(make(word("{text:1MiB}"), state).size(), 1u << 20);
  for (int i = 0; i < 200; ++i) {
    const std::string text = make(word("{text:3..200}"), state);
    CHECK(text.size() >= 3);
    CHECK(text.size() <= 200);
    CHECK_EQ(text.find_first_of(" \r\n\"'\\{}"), std::string::npos);
  }
}

TEST_CASE("lengths follow their distribution") {
  GeneratorState state = state_for(1);
  const auto average = [&](std::string_view text) {
    const WordTemplate made = word(text);
    std::size_t sum = 0;
    for (int i = 0; i < 4000; ++i) sum += make(made, state).size();
    return static_cast<double>(sum) / 4000;
  };
  CHECK(average("{text:exp:500}") == doctest::Approx(500).epsilon(0.08));
  CHECK(average("{text:normal:500:50}") == doctest::Approx(500).epsilon(0.02));
  CHECK(average("{text:100..300}") == doctest::Approx(200).epsilon(0.04));
}

TEST_CASE("a client makes the same from the same seed, and another makes something else") {
  const WordTemplate text = word("{text:12}-{int:0..999999}-{real:0..9:5}");
  GeneratorState one = state_for(1);
  GeneratorState same = state_for(1);
  GeneratorState other = state_for(2);
  GeneratorState reseeded = state_for(1, 2);
  for (int i = 0; i < 20; ++i) {
    const std::string made = make(text, one);
    CHECK_EQ(made, make(text, same));
    CHECK_NE(made, make(text, other));
    CHECK_NE(made, make(text, reseeded));
  }
}

TEST_CASE("counters and numbers of clients") {
  GeneratorState state = state_for(7);
  CHECK_EQ(make(word("{counter}/{client}"), state), "1/7");
  CHECK_EQ(make(word("{counter}/{client}"), state), "2/7");
}

TEST_CASE("lines of a file, in order and at random") {
  const TemporaryFolder folder;
  std::ofstream(folder / "words") << "one\r\ntwo\n\nfour";
  GeneratorState state = state_for(1);
  const WordTemplate next = word("{next:words}", folder / ".");
  std::string all;
  for (int i = 0; i < 5; ++i) all += make(next, state) + ",";
  CHECK_EQ(all, "one,two,,four,one,");
  const std::set<std::string> lines{"one", "two", "", "four"};
  for (int i = 0; i < 20; ++i) {
    CHECK_EQ(lines.count(make(word("{line:words}", folder / "."), state)), 1);
  }
}

TEST_CASE("braces that are meant are written twice") {
  GeneratorState state = state_for(1);
  CHECK_EQ(make(word("{{a}} {{{int:5..5}}}"), state), "{a} {5}");
}

TEST_CASE("a request is split as a line, or word by word") {
  RequestTemplate request;
  std::size_t places = 0;
  const std::string line[] = {R"(echo "a b" {text:3})"};
  REQUIRE_EQ(parse_request(line, "", places, request), "");
  REQUIRE_EQ(request.words.size(), 3);
  GeneratorState state = state_for(1);
  CHECK_EQ(make(request.words[1], state), "a b");
  CHECK_EQ(request.label(), "ECHO");
  const std::string words[] = {"TEXT", "it's \"one\" word"};
  REQUIRE_EQ(parse_request(words, "", places, request), "");
  REQUIRE_EQ(request.words.size(), 2);
  CHECK_EQ(make(request.words[1], state), "it's \"one\" word");
}

TEST_CASE("what is written wrongly is explained") {
  CHECK_EQ(problem("{itn:1..2}"),
           "unknown generator '{itn:1..2}'; did you mean 'int'?; write '{{' for a brace");
  CHECK_EQ(problem("{int:5..1}"), "expected {int:1..1000}, found '{int:5..1}'");
  CHECK_EQ(problem("{int:5}"), "expected {int:1..1000}, found '{int:5}'");
  CHECK_EQ(problem("{real:0..1.234:2}"), "expected {real:-100..100:2}, found '{real:0..1.234:2}'");
  CHECK_EQ(problem("{text:-1}"),
           "expected {text:16}, {text:1..1KiB}, {text:exp:1000} or {text:normal:1000:200}, found "
           "'{text:-1}'");
  CHECK_EQ(problem("{text:100GiB}").substr(0, 8), "expected");
  CHECK_EQ(problem("{digits:0}"), "expected {digits:20} or {digits:1..40}, found '{digits:0}'");
  CHECK_EQ(problem("a{"), "a brace without its partner in '{'; write '{{' for one that is sent");
  CHECK_EQ(problem("a}b"), "a brace without its partner in '}b'; write '}}' for one that is sent");
  CHECK_EQ(problem("{line:/nonexistent}").find("the file '/nonexistent' "), 0);
}

}  // namespace
}  // namespace reactord::load
