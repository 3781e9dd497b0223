// SPDX-License-Identifier: MIT
#include "protocol/traceparent.h"

#include <doctest/doctest.h>

#include <string>

namespace reactord {
namespace {

const std::string kGood = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

TEST_CASE("traceparent: the specification's own example, with any flags") {
  CHECK(is_traceparent(kGood));
  CHECK(is_traceparent(kGood.substr(0, 53) + "ff"));
  CHECK(kGood.size() == kTraceparentBytes);
}

TEST_CASE("traceparent: nothing that is shorter, longer, or has another byte anywhere") {
  for (std::size_t bytes = 0; bytes < kGood.size(); ++bytes)
    CHECK_FALSE(is_traceparent(kGood.substr(0, bytes)));
  CHECK_FALSE(is_traceparent(kGood + "-"));
  CHECK_FALSE(is_traceparent(kGood + "\n"));
  for (std::size_t at = 0; at < kGood.size(); ++at)
    for (const char wrong : {'A', 'g', ' ', '\0', '\n', '\xff', '/', ':', '`'}) {
      std::string text = kGood;
      text[at] = wrong;
      CHECK_FALSE(is_traceparent(text));
    }
}

TEST_CASE("traceparent: other versions, and ids of zeros") {
  for (const char* const wrong : {"01", "ff", "0a"})
    CHECK_FALSE(is_traceparent(wrong + kGood.substr(2)));
  CHECK_FALSE(is_traceparent("00-" + std::string(32, '0') + kGood.substr(35)));
  CHECK_FALSE(is_traceparent(kGood.substr(0, 36) + std::string(16, '0') + kGood.substr(52)));
}

}  // namespace
}  // namespace reactord
