// SPDX-License-Identifier: MIT
#include "tools/reactor-load/check/expectation.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <vector>

#include "config/text/suggest.h"
#include "config/text/toml_text.h"
#include "protocol/escape.h"
#include "tools/reactor-load/check/exact_ceil.h"

namespace reactord::load {
namespace {

struct KindWord {
  std::string_view word;
  Expectation::Kind kind;
};
constexpr std::array kWords{
    KindWord{"any", Expectation::Kind::any},   KindWord{"anything", Expectation::Kind::anything},
    KindWord{"none", Expectation::Kind::none}, KindWord{"echo", Expectation::Kind::echo},
    KindWord{"ceil", Expectation::Kind::ceil}, KindWord{"error", Expectation::Kind::error},
};
constexpr std::array kPrefixes{
    KindWord{"exact:", Expectation::Kind::exact},
    KindWord{"like:", Expectation::Kind::like},
    KindWord{"error:", Expectation::Kind::error},
};

bool fits_64_bits(std::string_view digits) {
  std::int64_t number = 0;
  return std::from_chars(digits.data(), digits.data() + digits.size(), number).ec == std::errc();
}

/// An integer while it fits 64 bits; beyond that a bulk string (RESP2) or a big number (RESP3).
bool is_number_type(const ReplyView& reply, std::string_view digits) {
  return fits_64_bits(digits) ? reply.type == ':' : reply.type == '$' || reply.type == '(';
}

}  // namespace

bool Expectation::allows(const ReplyView& reply, std::string_view argument, bool typed,
                         std::string& scratch) const {
  switch (kind) {
    case Kind::any:
      return !reply.is_error();
    case Kind::anything:
      return true;
    case Kind::none:
      return false;
    case Kind::exact:
      return !reply.is_error() && reply.text == text;
    case Kind::like:
      return !reply.is_error() && matches_pattern(reply.text, text);
    case Kind::error:
      return reply.is_error() && matches_pattern(reply.text, text);
    case Kind::echo:
      return (!typed || reply.type == '$') && reply.text == argument;
    case Kind::ceil:
      return exact_ceil(argument, scratch) && reply.text == scratch &&
             (!typed || is_number_type(reply, scratch));
  }
  return false;
}

bool Expectation::expected_text(std::string_view argument, std::string& out) const {
  if (kind == Kind::exact) out = text;
  if (kind == Kind::echo) out = argument;
  if (kind == Kind::ceil) return exact_ceil(argument, out);
  return kind == Kind::exact || kind == Kind::echo;
}

std::string Expectation::describe(std::string_view argument) const {
  std::string computed;
  switch (kind) {
    case Kind::any:
      return "any reply but an error";
    case Kind::anything:
      return "a reply";
    case Kind::none:
      return "no reply";
    case Kind::exact:
      return fmt::format("'{}'", escaped(text));
    case Kind::like:
      return fmt::format("a text like '{}'", escaped(text));
    case Kind::error:
      return fmt::format("an error like '{}'", escaped(text));
    case Kind::echo:
      return fmt::format("'{}', the {} bytes that were sent", escaped(argument), argument.size());
    case Kind::ceil:
      if (!exact_ceil(argument, computed)) return "the ceiling of what is no number";
      return fmt::format("the integer {}", escaped(computed));
  }
  return {};
}

std::string parse_expectation(std::string_view text, Expectation& out) {
  std::vector<std::string_view> words;
  for (const KindWord& known : kWords) {
    words.push_back(known.word);
    if (text != known.word) continue;
    out = {known.kind, known.kind == Expectation::Kind::error ? "*" : ""};
    return {};
  }
  for (const KindWord& known : kPrefixes) {
    words.push_back(known.word);
    if (!text.starts_with(known.word)) continue;
    out = {known.kind, std::string(text.substr(known.word.size()))};
    return {};
  }
  const std::string_view beginning = text.substr(0, text.find(':') + 1);
  return fmt::format(
      "expected echo, ceil, any, anything, none, error, exact:TEXT, like:PATTERN or "
      "error:PATTERN, found {}{}",
      shown(text), suggestion(beginning.empty() ? text : beginning, words));
}

Expectation usual_expectation(std::string_view label, std::size_t words) {
  using Kind = Expectation::Kind;
  if (label == "PING" && words == 1) return {Kind::exact, "PONG"};
  if (label == "PING" || label == "ECHO" || label == "TEXT") return {Kind::echo, ""};
  if (label == "CEIL") return {Kind::ceil, ""};
  return {};
}

// The last star alone is ever gone back to: a later one can take what an earlier one could.
bool matches_pattern(std::string_view text, std::string_view pattern) {
  std::size_t t = 0;
  std::size_t p = 0;
  std::size_t star = std::string_view::npos;
  std::size_t taken = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++taken;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

}  // namespace reactord::load
