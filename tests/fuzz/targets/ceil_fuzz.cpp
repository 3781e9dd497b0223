// SPDX-License-Identifier: MIT
// CEIL of any text: ceil_decimal(), the short way that the handler takes for most numbers, and the
// load generator's own ceiling answer what is written down here, where a number is shifted digit by
// digit until nothing is left of its exponent. The first byte of the input chooses how many digits
// may be.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/handlers/job/ceil.h"
#include "daemon/testing/handler_bench.h"
#include "tests/fuzz/require.h"
#include "tools/reactor-load/check/exact_ceil.h"

namespace reactord {

HandlerEntry ceil_handler();

namespace {

using test::require_same;

/// Beyond it nothing is shifted: no number that is looked at here has as many digits.
constexpr long kMostShift = 20'000;

struct Number {
  bool is_good = false;
  bool is_negative = false;
  std::string whole;
  std::string fraction;
  long shift = 0;
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// A character a step, as the grammar has it.
Number read(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  while (!text.empty() && kBlanks.find(text.front()) != kBlanks.npos) text.remove_prefix(1);
  while (!text.empty() && kBlanks.find(text.back()) != kBlanks.npos) text.remove_suffix(1);
  Number number;
  std::size_t at = 0;
  const auto next = [&] { return at < text.size() ? text[at] : '\0'; };
  if (next() == '-') number.is_negative = true;
  if (next() == '-' || next() == '+') ++at;
  while (is_digit(next())) number.whole += text[at++];
  if (next() == '.') ++at;
  if (at > 0 && text[at - 1] == '.')
    while (is_digit(next())) number.fraction += text[at++];
  if (number.whole.empty() && number.fraction.empty()) return number;
  if (next() == 'e' || next() == 'E') {
    ++at;
    const bool is_down = next() == '-';
    if (next() == '-' || next() == '+') ++at;
    if (!is_digit(next())) return number;
    while (is_digit(next()))
      number.shift = std::min(number.shift * 10 + (text[at++] - '0'), kMostShift);
    if (is_down) number.shift = -number.shift;
  }
  number.is_good = at == text.size();
  return number;
}

bool is_zero(std::string_view digits) {
  return digits.find_first_not_of('0') == digits.npos;
}

void shift_away(Number& number) {
  if (is_zero(number.whole) && is_zero(number.fraction)) return;
  if (number.shift > 0) {
    const auto places = static_cast<std::size_t>(number.shift);
    number.fraction.append(places, '0');
    number.whole += number.fraction.substr(0, places);
    number.fraction.erase(0, places);
  } else {
    const auto places = static_cast<std::size_t>(-number.shift);
    number.whole.insert(0, places, '0');
    const std::size_t point = number.whole.size() - places;
    number.fraction.insert(0, number.whole.substr(point));
    number.whole.erase(point);
  }
}

void add_one(std::string& digits) {
  digits.insert(digits.begin(), '0');
  std::size_t at = digits.size() - 1;
  while (digits[at] == '9') digits[at--] = '0';
  ++digits[at];
}

/// The digits, "not a number" or "too long".
std::string expected(std::string_view text, std::size_t most) {
  Number number = read(text);
  if (!number.is_good) return "not a number";
  shift_away(number);
  if (!number.is_negative && !is_zero(number.fraction)) add_one(number.whole);
  number.whole.erase(0, std::min(number.whole.find_first_not_of('0'), number.whole.size()));
  if (number.whole.empty()) return "0";
  if (number.whole.size() > most) return "too long";
  return (number.is_negative ? "-" : "") + number.whole;
}

std::string seen(std::string_view text, std::size_t most) {
  std::string digits = "what was there before";
  switch (ceil_decimal(text, most, digits)) {
    case CeilStatus::ok:
      return digits;
    case CeilStatus::not_a_number:
      return "not a number";
    case CeilStatus::text_too_long:
    case CeilStatus::result_too_long:
      break;
  }
  return "too long";
}

/// What the command answers, with its default of 4096 digits.
std::string answered(std::string_view text) {
  static test::HandlerBench bench(ceil_handler());
  bench.encoding = ReplyEncoding::plain;
  const std::string reply = bench.request({"CEIL", text});
  if (!reply.starts_with("ERR") && reply.find("ERR") == reply.npos)
    return reply.substr(0, reply.size() - 1);
  return reply.find("not a decimal") != reply.npos ? "not a number" : "too long";
}

std::string of_load_generator(std::string_view text) {
  std::string digits;
  return load::exact_ceil(text, digits) ? digits : "none";
}

void check(std::string_view text, std::size_t few) {
  constexpr std::size_t kUsual = 4096;
  const std::string right = expected(text, kUsual);
  require_same(right, seen(text, kUsual), "another ceiling");
  require_same(right, answered(text), "the command answers another ceiling");
  require_same(expected(text, few), seen(text, few), "another ceiling of a few digits");
  if (right != "too long")
    require_same(right == "not a number" ? "none" : right, of_load_generator(text),
                 "the load generator has another ceiling");
}

}  // namespace
}  // namespace reactord

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMostBytes = 4000;
  if (size < 2 || size > kMostBytes) return 0;
  const std::vector<char> copy(data + 1, data + size);
  reactord::check(std::string_view(copy.data(), copy.size()), data[0] % 32u + 1);
  return 0;
}
