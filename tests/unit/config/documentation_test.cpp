// SPDX-License-Identifier: MIT
// Which lines of a file are a key's comment.
#include "config/documentation/documentation.h"

#include <doctest/doctest.h>

namespace reactord {
namespace {

TEST_CASE("a key's comment is the comment lines right above it") {
  constexpr std::string_view kToml =
      "# The head.\n"
      "\n"
      "# Not a key's.\n"
      "[table]\n"
      "# One line\n"
      "#   \"word\"  and another.\n"
      "first = 1\n"
      "# Of second.\n"
      "# second = [\n"
      "none = 2\n"
      "\n"
      "# A paragraph of nobody.\n"
      "\n"
      "# Of third.\n"
      "third = [\n"
      "  \"item\",\n"
      "]\n"
      "last = 4";
  CHECK_EQ(comment_above("table.first", kToml), "# One line\n#   \"word\"  and another.\n");
  CHECK_EQ(comment_above("table.second", kToml), "# Of second.\n");
  CHECK_EQ(comment_above("table.none", kToml), "");
  CHECK_EQ(comment_above("table.third", kToml), "# Of third.\n");
  CHECK_EQ(comment_above("table.last", kToml), "");
}

TEST_CASE("the same key of another table is another key") {
  constexpr std::string_view kToml =
      "# One.\n[one]\n# In one.\nkey = 1\n"
      "[[list]]\n# In list.\nkey = 2\n"
      "[handlers.two]\n# In two.\n# key = 3\n";
  CHECK_EQ(comment_above("one.key", kToml), "# In one.\n");
  CHECK_EQ(comment_above("list.key", kToml), "# In list.\n");
  CHECK_EQ(comment_above("handlers.two.key", kToml), "# In two.\n");
  for (const std::string_view path : {"key", "three.key", "one.ke", "one.", ".key", ""}) {
    CAPTURE(path);
    CHECK_EQ(comment_above(path, kToml), "");
  }
}

TEST_CASE("a table that is an example has keys") {
  constexpr std::string_view kToml =
      "[log]\nlevel = 1\n\n"
      "# A [[module]] for each.\n"
      "# [[module]]\n"
      "# Where it is. In a line of its own:\n"
      "# [restart]\n"
      "# path = \"/a\"\n\n"
      "[next]\n";
  CHECK_EQ(comment_above("module.path", kToml),
           "# Where it is. In a line of its own:\n# [restart]\n");
  CHECK_EQ(comment_above("log.path", kToml), "");
}

TEST_CASE("what is no key or header does no harm") {
  for (const std::string_view toml : {"", "\n", "#", "# ", "[", "]", "[]", "# [[", "# [[]]", "= 1",
                                      "# = 1", "t.k = 1", "# a\n[t] # b\n"}) {
    CAPTURE(toml);
    CHECK_EQ(comment_above("t.k", toml), "");
    CHECK_EQ(comment_above(".", toml), "");
  }
}

TEST_CASE("the file in the program is config/reactord.toml") {
  CHECK(kReactordToml.starts_with("# reactord's configuration: "));
  CHECK_EQ(comment_above("limits.nothing"), "");
}

}  // namespace
}  // namespace reactord
