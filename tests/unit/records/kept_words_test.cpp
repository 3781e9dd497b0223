// SPDX-License-Identifier: MIT
#include "daemon/records/kept_words.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace reactord {
namespace {

using Texts = std::vector<std::string>;
using Views = std::vector<std::string_view>;

Texts kept_shown(const Views& words, std::size_t first_secret = 100) {
  KeptWords kept;
  kept.keep(words, first_secret);
  return kept.shown();
}

TEST_CASE("kept words: short ones whole, also where nothing is in them") {
  CHECK(KeptWords().empty());
  CHECK(kept_shown({"GET", "", "key"}) == Texts{"GET", "", "key"});
}

TEST_CASE("kept words: so many bytes of all together") {
  const std::string fills(77, 'x');
  CHECK(kept_shown({"GET", fills}) == Texts{"GET", fills});
  CHECK(kept_shown({"GET", fills + "yz", "key"}) ==
        Texts{"GET", fills + "... (2 more bytes)", "... (3 more bytes)"});
}

TEST_CASE("kept words: so many words") {
  CHECK(kept_shown({"1", "2", "3", "4", "5", "6"}) == Texts{"1", "2", "3", "4", "5", "6"});
  CHECK(kept_shown({"1", "2", "3", "4", "5", "6", "7"}).back() == "... (1 more arguments)");
}

TEST_CASE("kept words: of a secret nothing, not even its length") {
  CHECK(kept_shown({"AUTH", "ann", "secret"}, 1) == Texts{"AUTH", "(redacted)", "(redacted)"});
}

}  // namespace
}  // namespace reactord
