// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/completion/completion.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

using namespace reactord::cli;

const std::vector<std::string> kWords = {"/help", "/list", "/reject", "/reply"};

TEST_CASE("a word is completed as far as it is certain") {
  CHECK(complete_word("/l", kWords).insert == "ist ");
  CHECK(complete_word("/r", kWords).insert == "e");
  CHECK(complete_word("/list", kWords).insert == " ");
  CHECK(complete_word("/re", kWords).insert.empty());
  CHECK(complete_word("/re", kWords).lines == std::vector<std::string>{"/reject", "/reply"});
  CHECK(complete_word("/x", kWords).insert.empty());
  CHECK(complete_word("/x", kWords).lines.empty());
  CHECK(complete_word("", {}).lines.empty());
}

}  // namespace
