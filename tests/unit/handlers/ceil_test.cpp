// SPDX-License-Identifier: MIT
#include "daemon/handlers/job/ceil.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <random>
#include <string>

#include "daemon/interface/registry.h"
#include "daemon/testing/handler_bench.h"

using namespace reactord;
using reactord::test::HandlerBench;

namespace {

constexpr std::size_t kMaxDigits = 100;

std::string ceil_of(std::string_view text, std::size_t max_digits = kMaxDigits) {
  std::string digits;
  switch (ceil_decimal(text, max_digits, digits)) {
    case CeilStatus::ok:
      return digits;
    case CeilStatus::not_a_number:
      return "not a number";
    case CeilStatus::text_too_long:
      return "text too long";
    case CeilStatus::result_too_long:
      return "result too long";
  }
  return {};
}

struct Row {
  std::string text;
  std::string result;
};

/// The same rounding on the text written out: a digit-by-digit decimal of 2 * kPlaces digits.
std::string expected_ceil(bool negative, const std::string& whole, const std::string& fraction,
                          int exponent) {
  constexpr int kPlaces = 64;
  std::string digits(2 * kPlaces, '0');  // the point stands in the middle
  const std::string all = whole + fraction;
  for (std::size_t i = 0; i < all.size(); ++i) {
    // A digit moves to the left as the exponent grows.
    const int place = kPlaces - static_cast<int>(whole.size()) - exponent + static_cast<int>(i);
    digits[static_cast<std::size_t>(place)] = all[i];
  }
  bool inexact = false;
  for (int i = kPlaces; i < 2 * kPlaces; ++i) {
    inexact = inexact || digits[static_cast<std::size_t>(i)] != '0';
  }
  std::string integer = "0" + digits.substr(0, kPlaces);
  if (inexact && !negative) {
    for (std::size_t i = integer.size(); i-- > 0;) {
      if (integer[i] != '9') {
        ++integer[i];
        break;
      }
      integer[i] = '0';
    }
  }
  integer.erase(0, integer.find_first_not_of('0'));
  if (integer.empty()) return "0";
  return negative ? "-" + integer : integer;
}

}  // namespace

TEST_CASE("CEIL rounds the decimal text itself, exactly") {
  const Row rows[] = {
      {"4.40", "5"},
      {"4.00", "4"},
      {"4", "4"},
      {"4.", "4"},
      {".4", "1"},
      {"+4.4", "5"},
      {"0", "0"},
      {"-0", "0"},
      {"-0.0", "0"},
      {"-0.5", "0"},
      {"-.5", "0"},
      {"0.000", "0"},
      {"-4.40", "-4"},
      {"-4", "-4"},
      {"-10.999", "-10"},
      {"9.1", "10"},
      {"99.5", "100"},
      {"199.5", "200"},
      {"007", "7"},
      {"000.001", "1"},
      {"4.00000000000000000000001", "5"},
      {"9007199254740993.5", "9007199254740994"},
      {"9223372036854775807.1", "9223372036854775808"},
      {"-9223372036854775809.9", "-9223372036854775809"},
      {"99999999999999999999.9", "100000000000000000000"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(ceil_of(row.text) == row.result);
  }
}

TEST_CASE("CEIL takes exponents of any size") {
  const Row rows[] = {
      {"1e3", "1000"},
      {"1E3", "1000"},
      {"1e+5", "100000"},
      {"1.5e1", "15"},
      {"1.25e1", "13"},
      {"12345e-2", "124"},
      {"-12345e-2", "-123"},
      {"5e-1", "1"},
      {"-5e-1", "0"},
      {"100e-2", "1"},
      {"0.001e3", "1"},
      {"0.0010001e3", "2"},
      {"1e-999999999", "1"},
      {"-1e-999999999", "0"},
      {"1e999999999", "result too long"},
      {"-1e999999999", "result too long"},
      {"1e99999999999999999999999999", "result too long"},
      {"1e-99999999999999999999999999", "1"},
      {"0e999999999999999999999", "0"},
      {"0.000e-999999999999999999999", "0"},
      {"1e0000000000000000000000000000000002", "100"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(ceil_of(row.text) == row.result);
  }
}

TEST_CASE("CEIL ignores blanks around the number and nothing else") {
  CHECK(ceil_of(" \t4.4\r\n") == "5");
  CHECK(ceil_of("4 4") == "not a number");
  CHECK(ceil_of("- 4") == "not a number");
}

TEST_CASE("CEIL refuses what is not a decimal number") {
  for (const std::string_view text :
       {"",     " ",     ".",     "+",         "-",     "e5",   ".e5",
        "4e",   "4e+",   "4e1.5", "4e 1",      "--4",   "+-4",  "4-",
        "4..4", "4.4.4", "4,40",  "1_000",     "1'000", "0x10", "0x1p3",
        "nan",  "NaN",   "inf",   "-Infinity", "abc",   "4a",   "\xef\xbc\x94",
        "4\v"}) {
    CAPTURE(text);
    CHECK(ceil_of(text) == "not a number");
  }
  CHECK(ceil_of(std::string_view("4\0", 2)) == "not a number");
}

TEST_CASE("CEIL agrees with rounding on numbers that are written out") {
  std::mt19937 random(20'240'101);
  const auto digits = [&random](int most) {
    std::string text;
    const auto count = std::uniform_int_distribution<int>(0, most)(random);
    // Few different digits, so that carries and exact numbers are frequent.
    for (int i = 0; i < count; ++i) text += "00099914"[random() % 8];
    return text;
  };
  for (int i = 0; i < 20'000; ++i) {
    const bool negative = random() % 2 == 0;
    const std::string whole = digits(12);
    std::string fraction = digits(12);
    if (whole.empty() && fraction.empty()) fraction = "0";
    const int exponent = std::uniform_int_distribution<int>(-30, 30)(random);
    std::string text = (negative ? "-" : "") + whole;
    if (!fraction.empty()) text += "." + fraction;
    if (exponent != 0) text += "e" + std::to_string(exponent);
    CAPTURE(text);
    REQUIRE(ceil_of(text) == expected_ceil(negative, whole, fraction, exponent));
  }
}

TEST_CASE("CEIL bounds the result's digits") {
  CHECK(ceil_of("999", 3) == "999");
  CHECK(ceil_of("1000", 3) == "result too long");
  CHECK(ceil_of("999.1", 3) == "result too long");
  CHECK(ceil_of("998.1", 3) == "999");
  CHECK(ceil_of("-999.1", 3) == "-999");
  CHECK(ceil_of("1e2", 3) == "100");
  CHECK(ceil_of("1e3", 3) == "result too long");
  CHECK(ceil_of("000000.1e3", 3) == "100");
}

TEST_CASE("CEIL takes a MiB of digits") {
  const std::string nines(kMostCeilDigits - 1, '9');
  CHECK(ceil_of(nines + ".5", kMostCeilDigits) == "1" + std::string(kMostCeilDigits - 1, '0'));
  CHECK(ceil_of(nines, 4096) == "result too long");
  CHECK(ceil_of("." + std::string(kMostCeilDigits, '0') + "1") == "1");
  CHECK(ceil_of("1e" + std::string(kMostCeilDigits, '0') + "2") == "100");
  CHECK(ceil_of(std::string(kMaxCeilTextBytes + 1, '0')) == "text too long");
}

TEST_CASE("CEIL reserves no more than its result") {
  std::string digits;
  CHECK(ceil_decimal("1e999999999", kMostCeilDigits, digits) == CeilStatus::result_too_long);
  CHECK(ceil_decimal("9e-999999999", kMostCeilDigits, digits) == CeilStatus::ok);
  CHECK(digits.capacity() == std::string().capacity());
}

TEST_CASE("the CEIL command answers with an integer or says what is wrong") {
  HandlerBench bench;
  CHECK(bench.send("CEIL 4.40") == ":5\r\n");
  CHECK(bench.send("ceil -9223372036854775809") == "$20\r\n-9223372036854775809\r\n");
  CHECK(bench.send("CEIL four") ==
        "-ERR 'four' is not a decimal number; expected digits with an optional sign, point and "
        "exponent, such as 4.40, -0.5 or 1e3\r\n");
  CHECK(bench.send("CEIL 1e1000000000") ==
        "-ERR '1e1000000000' rounds to an integer of more than 4096 digits "
        "(handlers.ceil.max_digits)\r\n");
  CHECK(bench.send("CEIL 1e4095").size() == 7 + 4096 + 2);
  CHECK(bench.request({"CEIL", "\x1b[31m"}).starts_with("-ERR '\\x1b[31m' is not"));
  const std::string long_text(2 << 20, '4');
  const std::string reply = bench.request({"CEIL", long_text});
  CHECK(reply.starts_with("-ERR '4444444444444444444444444444444444444444...' is too long"));
  CHECK(reply.size() < 200);
}

TEST_CASE("the CEIL command agrees with ceil_decimal on short numbers") {
  HandlerBench bench;
  bench.encoding = ReplyEncoding::raw;
  std::mt19937 random(20'240'102);
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    const auto length = std::uniform_int_distribution<int>(0, 20)(random);
    for (int k = 0; k < length; ++k) text += "0099999914.-+e "[random() % 15];
    CAPTURE(text);
    const std::string expected = ceil_of(text, 4096);
    const std::string reply = bench.request({"CEIL", text});
    if (expected == "not a number" || expected == "result too long") {
      REQUIRE(reply.starts_with("ERR "));
    } else {
      REQUIRE(reply == expected);
    }
  }
  CHECK(bench.send("CEIL 999999999999999999") == "999999999999999999");
  CHECK(bench.send("CEIL 9999999999999999.5") == "10000000000000000");
  CHECK(bench.send("CEIL -0.5") == "0");
}

const HandlerTableSpec& ceil_table() {
  const auto tables = handler_tables();
  const auto found = std::find_if(tables.begin(), tables.end(),
                                  [](const HandlerTableSpec& t) { return t.name == "ceil"; });
  REQUIRE(found != tables.end());
  return *found;
}

const KeySpec& ceil_key(std::string_view name) {
  const auto keys = ceil_table().keys;
  const auto found =
      std::find_if(keys.begin(), keys.end(), [name](const KeySpec& k) { return k.name == name; });
  REQUIRE(found != keys.end());
  CHECK(found->apply == Apply::reload);
  return *found;
}

TEST_CASE("CEIL's results beyond 64 bits are big numbers in RESP3 where a setting says so") {
  HandlerBench bench;
  const std::string as_string = "$20\r\n10000000000000000000\r\n";
  CHECK(bench.send("CEIL 1e19") == as_string);
  bench.encoding = ReplyEncoding::resp3;
  CHECK(bench.send("CEIL 1e19") == as_string);
  const std::shared_ptr<void> settings = ceil_table().make();
  const KeySpec& key = ceil_key("big_numbers");
  CHECK(key.set(settings.get(), true, key.range) == "");
  bench.handler("ceil").reload(settings.get());
  CHECK(bench.send("CEIL 1e19") == "(10000000000000000000\r\n");
  CHECK(bench.send("CEIL 1e18") == ":1000000000000000000\r\n");
  bench.encoding = ReplyEncoding::resp2;
  CHECK(bench.send("CEIL 1e19") == as_string);
}

TEST_CASE("CEIL's bound is a setting that a reload applies") {
  HandlerBench bench;
  const KeySpec& key = ceil_key("max_digits");
  const std::shared_ptr<void> settings = ceil_table().make();
  CHECK_FALSE(key.set(settings.get(), std::int64_t{0}, key.range).empty());
  CHECK_FALSE(key.set(settings.get(), std::int64_t{1'048'577}, key.range).empty());
  CHECK(key.set(settings.get(), std::int64_t{2}, key.range) == "");
  bench.handler("ceil").reload(settings.get());
  CHECK(bench.send("CEIL 98.5") == ":99\r\n");
  CHECK(bench.send("CEIL 99.5").starts_with("-ERR '99.5' rounds to an integer of more than 2"));
}
