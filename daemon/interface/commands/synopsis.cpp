// SPDX-License-Identifier: MIT
#include "daemon/interface/commands/synopsis.h"

#include <algorithm>
#include <utility>

#include "protocol/words.h"

namespace reactord {
namespace {

using Argument = SynopsisArgument;
using Type = SynopsisArgument::Type;

bool is_token(std::string_view word) {
  return !word.empty() && std::none_of(word.begin(), word.end(),
                                       [](char c) { return (c >= 'a' && c <= 'z') || c == '|'; });
}

std::string joined_names(const std::vector<Argument>& parts) {
  std::string names;
  for (const Argument& part : parts) {
    if (!names.empty()) names += '_';
    names += part.name;
  }
  return names;
}

/// A single argument stays what it is; several become one.
Argument combine(Type type, std::vector<Argument> parts) {
  if (parts.size() == 1) return std::move(parts[0]);
  Argument argument;
  argument.name = joined_names(parts);
  argument.type = type;
  argument.parts = std::move(parts);
  return argument;
}

Argument word_argument(std::string_view word) {
  Argument argument;
  argument.name = lower_case(word);
  if (is_token(word)) {
    argument.type = Type::pure_token;
    argument.token = word;
  }
  return argument;
}

/// Reads from left to right, one level of brackets a call.
class SynopsisParser {
 public:
  explicit SynopsisParser(std::string_view text) : rest_(text) {}

  /// Arguments up to the end, or to `]`, `>` or a `|` that this level is not concerned with.
  std::vector<Argument> sequence() {
    std::vector<Argument> arguments;
    while (!at_end_of_sequence()) {
      if (rest_.starts_with("...")) {
        rest_.remove_prefix(3);
        if (arguments.empty())
          complain("'...' follows no argument");
        else
          arguments.back().multiple = true;
      } else {
        add(arguments, item());
      }
    }
    return arguments;
  }

  /// The first thing that is wrong, once the sequence was read.
  std::string_view problem() {
    if (rest_.starts_with(']')) complain("']' closes nothing");
    if (rest_.starts_with('>')) complain("'>' closes nothing");
    if (rest_.starts_with('|')) complain("'|' between blanks: alternatives stand in <...>");
    return problem_;
  }

 private:
  void complain(std::string_view problem) {
    if (problem_.empty()) problem_ = problem;
  }

  bool at_end_of_sequence() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(' '), rest_.size()));
    return rest_.empty() || rest_.front() == ']' || rest_.front() == '>' || rest_.front() == '|';
  }

  /// A token belongs to the argument behind it.
  static void add(std::vector<Argument>& arguments, Argument argument) {
    const bool follows_token = !arguments.empty() && arguments.back().type == Type::pure_token &&
                               !arguments.back().optional;
    if (follows_token && argument.type != Type::pure_token && !argument.optional) {
      argument.token = arguments.back().token;
      arguments.back() = std::move(argument);
    } else {
      arguments.push_back(std::move(argument));
    }
  }

  Argument item() {
    if (take('[')) return bracketed();
    if (take('<')) return alternatives();
    return word();
  }

  std::vector<Argument> inner_sequence() {
    std::vector<Argument> arguments = sequence();
    if (arguments.empty()) complain("there is nothing between two brackets or bars");
    return arguments;
  }

  Argument bracketed() {
    const std::string_view stops_around = std::exchange(word_stops_, kWordStops);
    Argument argument = combine(Type::block, inner_sequence());
    word_stops_ = stops_around;
    if (!take(']')) complain("'[' is never closed");
    argument.optional = true;
    return argument;
  }

  Argument alternatives() {
    std::vector<Argument> choices;
    const std::string_view stops_around = std::exchange(word_stops_, " ]>|");
    do {
      choices.push_back(combine(Type::block, inner_sequence()));
    } while (take('|'));
    word_stops_ = stops_around;
    if (!take('>')) complain("'<' is never closed");
    return combine(Type::one_of, std::move(choices));
  }

  /// A word; right inside of `<...>` it ends at a '|', elsewhere "a|b" is a choice of words.
  Argument word() {
    const std::size_t end = std::min(rest_.find_first_of(word_stops_), rest_.size());
    const std::string_view text = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return combine(Type::one_of, choices_of(text));
  }

  std::vector<Argument> choices_of(std::string_view text) {
    std::vector<Argument> choices;
    if (text.ends_with('|') || text.find("||") != std::string_view::npos)
      complain("there is nothing beside a '|'");
    if (text.find_first_of("[<") != std::string_view::npos)
      complain("'[' and '<' stand at the beginning of a word");
    if (text.find("...") != std::string_view::npos) complain("'...' stands by itself");
    while (!text.empty()) {
      const std::size_t bar = std::min(text.find('|'), text.size());
      choices.push_back(word_argument(text.substr(0, bar)));
      text.remove_prefix(std::min(bar + 1, text.size()));
    }
    return choices;
  }

  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  static constexpr std::string_view kWordStops = " ]>";

  std::string_view rest_;
  std::string_view word_stops_ = kWordStops;
  std::string_view problem_;
};

}  // namespace

std::vector<SynopsisArgument> parse_synopsis(std::string_view synopsis) {
  return SynopsisParser(synopsis).sequence();
}

std::string_view synopsis_problem(std::string_view synopsis) {
  SynopsisParser parser(synopsis);
  (void)parser.sequence();
  return parser.problem();
}

std::string_view to_string(SynopsisArgument::Type type) {
  switch (type) {
    case Type::string:
      return "string";
    case Type::pure_token:
      return "pure-token";
    case Type::one_of:
      return "oneof";
    case Type::block:
      return "block";
  }
  return {};
}

}  // namespace reactord
