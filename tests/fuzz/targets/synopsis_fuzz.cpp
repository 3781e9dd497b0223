// SPDX-License-Identifier: MIT
// Synopses of any bytes: one that nothing is wrong with is a tree of arguments that can be written
// down as a synopsis again, which is read as the same tree.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/interface/commands/synopsis.h"
#include "tests/fuzz/require.h"

namespace {

using Argument = reactord::SynopsisArgument;
using Type = Argument::Type;
using reactord::test::require;
using reactord::test::require_same;

std::string tree_of(const std::vector<Argument>& arguments) {
  std::string text;
  for (const Argument& argument : arguments) {
    text += std::string(to_string(argument.type)) + " '" + argument.name + "' '" + argument.token +
            "'" + (argument.optional ? " optional" : "") + (argument.multiple ? " multiple" : "") +
            " (" + tree_of(argument.parts) + ") ";
  }
  return text;
}

std::string written(const std::vector<Argument>& arguments);

std::string core_of(const Argument& argument) {
  if (argument.type == Type::pure_token) return argument.token;
  const std::string token = argument.token.empty() ? "" : argument.token + " ";
  if (argument.type == Type::string) return token + argument.name;
  if (argument.type == Type::block) return token + "<" + written(argument.parts) + ">";
  std::string choices;
  for (const Argument& part : argument.parts)
    choices += (choices.empty() ? "" : "|") + written({part});
  return token + "<" + choices + ">";
}

/// Brackets and dots around each argument by itself.
std::string written(const std::vector<Argument>& arguments) {
  std::string text;
  for (const Argument& argument : arguments) {
    if (!text.empty()) text += ' ';
    const std::string dots = argument.multiple ? " ..." : "";
    const std::string core = core_of(argument);
    text += argument.optional ? "[" + core + dots + "]" : core + dots;
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<char> copy(data, data + size);
  const std::string_view synopsis(copy.data(), copy.size());
  if (!reactord::synopsis_problem(synopsis).empty()) return 0;
  const std::vector<Argument> tree = reactord::parse_synopsis(synopsis);
  const std::string again = written(tree);
  require_same("", reactord::synopsis_problem(again), "no synopsis: " + again);
  require_same(tree_of(tree), tree_of(reactord::parse_synopsis(again)),
               "another tree, of: " + again);
  return 0;
}
