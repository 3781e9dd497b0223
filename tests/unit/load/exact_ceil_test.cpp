// SPDX-License-Identifier: MIT
// The generator's own ceiling: by hand for what is known, and against the handler's over random
// texts, which was written by somebody else from the same words.
#include "tools/reactor-load/check/exact_ceil.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

#include "daemon/handlers/job/ceil.h"

namespace reactord::load {
namespace {

std::string ceil_of(std::string_view text) {
  std::string digits = "left over";
  return exact_ceil(text, digits) ? digits : "no number";
}

TEST_CASE("what is known") {
  CHECK_EQ(ceil_of("4.40"), "5");
  CHECK_EQ(ceil_of("4.00"), "4");
  CHECK_EQ(ceil_of("4.00000000000000000000001"), "5");
  CHECK_EQ(ceil_of("-0.5"), "0");
  CHECK_EQ(ceil_of("-4.40"), "-4");
  CHECK_EQ(ceil_of("-0"), "0");
  CHECK_EQ(ceil_of("9007199254740993.5"), "9007199254740994");
  CHECK_EQ(ceil_of("999.1"), "1000");
  CHECK_EQ(ceil_of(".4"), "1");
  CHECK_EQ(ceil_of("4."), "4");
  CHECK_EQ(ceil_of(" +007.0\r\n"), "7");
  CHECK_EQ(ceil_of("1e3"), "1000");
  CHECK_EQ(ceil_of("1.2345e2"), "124");
  CHECK_EQ(ceil_of("12345e-2"), "124");
  CHECK_EQ(ceil_of("1e-99999999999999999999"), "1");
  CHECK_EQ(ceil_of("-1e-99999999999999999999"), "0");
  CHECK_EQ(ceil_of("0e99999999999999999999"), "0");
  CHECK_EQ(ceil_of("0.001e3"), "1");
  CHECK_EQ(ceil_of("00.0010e1"), "1");
}

TEST_CASE("what is no number, or too large a one") {
  for (const std::string_view text : {"", " ", ".", "-", "e5", "1e", "1e+", "1.2.3", "nan", "0x10",
                                      "1,5", "--1", "1 2", "1e5.5", "1e9999999", "1e99999999999"}) {
    CAPTURE(text);
    CHECK_EQ(ceil_of(text), "no number");
  }
}

std::string random_number(std::mt19937_64& random) {
  const auto digits = [&](std::size_t most) {
    std::string out;
    for (std::size_t left = random() % (most + 1); left > 0; --left) {
      // Zeros and nines are where rounding goes wrong.
      out += "0990123456789"[random() % 13];
    }
    return out;
  };
  std::string text = random() % 3 == 0 ? "-" : random() % 5 == 0 ? "+" : "";
  text += digits(25);
  if (random() % 4 != 0) text += '.' + digits(25);
  if (random() % 3 == 0) text += (random() % 2 ? "e-" : "E") + std::to_string(random() % 40);
  return text;
}

TEST_CASE("two who computed it apart agree") {
  std::mt19937_64 random(4);
  int numbers = 0;
  for (int i = 0; i < 50'000; ++i) {
    const std::string text = random_number(random);
    CAPTURE(text);
    std::string theirs;
    std::string ours;
    const bool they_could = ceil_decimal(text, 1'000'000, theirs) == CeilStatus::ok;
    REQUIRE_EQ(exact_ceil(text, ours), they_could);
    if (they_could) REQUIRE_EQ(ours, theirs);
    numbers += they_could;
  }
  CHECK(numbers > 40'000);
}

}  // namespace
}  // namespace reactord::load
