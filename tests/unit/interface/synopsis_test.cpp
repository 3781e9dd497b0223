// SPDX-License-Identifier: MIT
#include "daemon/interface/commands/synopsis.h"

#include <doctest/doctest.h>

#include <string>

#include "daemon/interface/registry.h"

#include "daemon/testing/handler_bench.h"

namespace reactord {
namespace {

/// Writes the tree out: "SETNAME:clientname?" is an optional string behind its token; "(...)" is a
/// block, "<...>" a choice, "+" means repeated.
std::string shown(const std::vector<SynopsisArgument>& arguments);

std::string shown(const SynopsisArgument& argument) {
  std::string text = argument.token;
  switch (argument.type) {
    case SynopsisArgument::Type::string:
      text += ":" + argument.name;
      break;
    case SynopsisArgument::Type::pure_token:
      break;
    case SynopsisArgument::Type::one_of:
      text += "<" + shown(argument.parts) + ">";
      break;
    case SynopsisArgument::Type::block:
      text += "(" + shown(argument.parts) + ")";
      break;
  }
  if (argument.optional) text += "?";
  if (argument.multiple) text += "+";
  return text;
}

std::string shown(const std::vector<SynopsisArgument>& arguments) {
  std::string text;
  for (const SynopsisArgument& argument : arguments) {
    if (!text.empty()) text += " ";
    text += shown(argument);
  }
  return text;
}

std::string parsed(std::string_view synopsis) {
  return shown(parse_synopsis(synopsis));
}

TEST_CASE("a synopsis becomes a tree of arguments") {
  CHECK(parsed("") == "");
  CHECK(parsed("real") == ":real");
  CHECK(parsed("[message]") == ":message?");
  CHECK(parsed("[section ...]") == ":section?+");
  CHECK(parsed("pattern ...") == ":pattern+");
  CHECK(parsed("ON|OFF|SKIP") == "<ON OFF SKIP>");
  CHECK(parsed("[SKIPME YES|NO]") == "SKIPME<YES NO>?");
  CHECK(parsed("[ID id ...]") == "ID:id?+");
  CHECK(parsed("FORCE") == "FORCE");
  CHECK(parsed("[a [b]]") == "(:a :b?)?");
  CHECK(parsed("[protover [AUTH username password] [SETNAME clientname]]") ==
        "(:protover (AUTH:username :password)? SETNAME:clientname?)?");
  CHECK(parsed("<LIB-NAME name|LIB-VER version>") == "<LIB-NAME:name LIB-VER:version>");
  CHECK(parsed("[FILTERBY <MODULE name|PATTERN pattern>]") ==
        "FILTERBY<MODULE:name PATTERN:pattern>?");
}

TEST_CASE("brackets inside of brackets end where they end") {
  CHECK(parsed("<<a|b> c|d>") == "<(<:a :b> :c) :d>");
  CHECK(parsed("<a [b|c] d|e>") == "<(:a <:b :c>? :d) :e>");
  CHECK(parsed("[<a|b c> d|e]") == "(<:a (:b :c)> <:d :e>)?");
}

TEST_CASE("arguments that hold others are named by them") {
  CHECK(parse_synopsis("ON|OFF")[0].name == "on_off");
  CHECK(parse_synopsis("[a [b]]")[0].name == "a_b");
}

TEST_CASE("a malformed synopsis ends") {
  for (const std::string_view text : {"[", "]", "[a", "a]", "<", "<a|", "|", "...", "[]", "<>"}) {
    CAPTURE(text);
    CHECK(parse_synopsis(text).size() <= 1);
  }
}

/// Writes the synopsis back as it is written for people.
std::string written(const std::vector<SynopsisArgument>& arguments, std::string_view separator);

std::string written(const SynopsisArgument& argument) {
  std::string text;
  bool is_words = true;
  for (const SynopsisArgument& part : argument.parts) {
    is_words = is_words && part.type == SynopsisArgument::Type::pure_token;
  }
  switch (argument.type) {
    case SynopsisArgument::Type::string:
      text = argument.name;
      break;
    case SynopsisArgument::Type::pure_token:
      break;
    case SynopsisArgument::Type::one_of:
      text = written(argument.parts, "|");
      if (!is_words) text = "<" + text + ">";
      break;
    case SynopsisArgument::Type::block:
      text = written(argument.parts, " ");
      break;
  }
  const std::string gap = argument.token.empty() || text.empty() ? "" : " ";
  text = argument.token + gap + text;
  if (argument.multiple) text += " ...";
  return argument.optional ? "[" + text + "]" : text;
}

std::string written(const std::vector<SynopsisArgument>& arguments, std::string_view separator) {
  std::string text;
  for (const SynopsisArgument& argument : arguments) {
    if (!text.empty()) text += separator;
    text += written(argument);
  }
  return text;
}

TEST_CASE("every synopsis of the registry can be written back from its tree") {
  const test::HandlerBench bench;
  const auto check = [](const CommandSpec& spec) {
    CHECK(written(parse_synopsis(spec.synopsis), " ") == spec.synopsis);
  };
  for (const CommandSpec* command : bench.service.known_commands) {
    check(*command);
    for (const CommandSpec& subcommand : command->subcommands) check(subcommand);
  }
}

TEST_CASE("what is malformed is said, and every synopsis of the registry is well formed") {
  struct Row {
    std::string_view synopsis;
    std::string_view problem;
  };
  const Row rows[] = {
      {"", ""},
      {"[message ...|x", "'[' is never closed"},
      {"<a|b", "'<' is never closed"},
      {"a]", "']' closes nothing"},
      {"a >", "'>' closes nothing"},
      {"a | b", "'|' between blanks: alternatives stand in <...>"},
      {"a| b", "there is nothing beside a '|'"},
      {"a||b", "there is nothing beside a '|'"},
      {"[]", "there is nothing between two brackets or bars"},
      {"<a|>", "there is nothing between two brackets or bars"},
      {"... a", "'...' follows no argument"},
      {"section...", "'...' stands by itself"},
      {"a|[b", "'[' and '<' stand at the beginning of a word"},
      {"a<b", "'[' and '<' stand at the beginning of a word"},
      {"[a [b c ...]] <D e|F>", ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.synopsis);
    CHECK(synopsis_problem(row.synopsis) == row.problem);
  }
  const test::HandlerBench bench;
  for (const CommandSpec* command : bench.service.known_commands) {
    CHECK(synopsis_problem(command->synopsis) == "");
    for (const CommandSpec& subcommand : command->subcommands)
      CHECK(synopsis_problem(subcommand.synopsis) == "");
  }
}

}  // namespace
}  // namespace reactord
