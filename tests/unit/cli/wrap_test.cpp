// SPDX-License-Identifier: MIT
// Help and messages on narrow terminals.
#include "tools/reactor-cli/output/wrap.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "tools/reactor-cli/command_line/help.h"

namespace reactord::cli {
namespace {

TEST_CASE("lines break between words") {
  CHECK_EQ(wrapped("one two three", 80), "one two three");
  CHECK_EQ(wrapped("one two three", 13), "one two three");
  CHECK_EQ(wrapped("one two three", 12), "one two\nthree");
  CHECK_EQ(wrapped("one two three\n", 7), "one two\nthree\n");
  CHECK_EQ(wrapped("  one two three", 8), "  one\n  two\n  three");
  CHECK_EQ(wrapped("one\n\ntwo", 5), "one\n\ntwo");
  CHECK_EQ(wrapped("one   two", 5), "one\ntwo");
  CHECK_EQ(wrapped("", 5), "");
}

TEST_CASE("a word that is longer than a line stays whole") {
  CHECK_EQ(wrapped("a unix:/run/reactord.sock b", 8), "a\nunix:/run/reactord.sock\nb");
  CHECK_EQ(wrapped("          deep", 8), "deep");
}

TEST_CASE("what is no terminal is not wrapped") {
  CHECK_EQ(wrapped("one two three", 0), "one two three");
  CHECK_EQ(columns_of(-1), 0);
}

TEST_CASE("columns are characters") {
  CHECK_EQ(wrapped("äöü äöü", 7), "äöü äöü");
  CHECK_EQ(wrapped("äöü äöü", 6), "äöü\näöü");
}

std::vector<std::string> words_of(std::string_view text) {
  std::istringstream stream{std::string(text)};
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

TEST_CASE("the help keeps its words on every terminal") {
  for (const std::size_t columns : {20u, 30u, 40u, 79u}) {
    const std::string text = wrapped(kHelp, columns);
    CHECK(words_of(text) == words_of(kHelp));
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);)
      CHECK_MESSAGE((line.size() <= columns || words_of(line).size() == 1), line);
  }
}

}  // namespace
}  // namespace reactord::cli
