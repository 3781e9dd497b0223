// SPDX-License-Identifier: MIT
#include "tools/reactor-load/check/exact_ceil.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace reactord::load {
namespace {

constexpr std::int64_t kMostDigits = 1'000'000;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::size_t count_digits(std::string_view text) {
  return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) -
                                  text.begin());
}

/// A number taken apart: whole.fraction times ten to the exponent.
struct Parts {
  bool negative = false;
  std::string_view whole;
  std::string_view fraction;
  std::int64_t exponent = 0;
};

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

bool take_exponent(std::string_view text, std::int64_t& exponent) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || count_digits(text) != text.size()) return false;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), exponent);
  // Out of range is larger than anything that the digits could balance.
  if (problem != std::errc()) exponent = std::int64_t{1} << 60;
  exponent = std::min(exponent, std::int64_t{1} << 60);
  if (negative) exponent = -exponent;
  return true;
}

bool take_apart(std::string_view text, Parts& parts) {
  text = trimmed(text);
  parts.negative = text.starts_with('-');
  if (parts.negative || text.starts_with('+')) text.remove_prefix(1);
  parts.whole = text.substr(0, count_digits(text));
  text.remove_prefix(parts.whole.size());
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    parts.fraction = text.substr(0, count_digits(text));
    text.remove_prefix(parts.fraction.size());
  }
  if (parts.whole.empty() && parts.fraction.empty()) return false;
  if (text.empty()) return true;
  if (text.front() != 'e' && text.front() != 'E') return false;
  return take_exponent(text.substr(1), parts.exponent);
}

bool any_but_zero(std::string_view digits) {
  return digits.find_first_not_of('0') != std::string_view::npos;
}

/// Puts the digits in front of the point into `digits`, without leading zeros; tells whether
/// anything but zeros stands behind it.
bool cut_at_point(const Parts& parts, std::string& digits, bool& has_rest) {
  const auto whole = static_cast<std::int64_t>(parts.whole.size());
  const auto all = whole + static_cast<std::int64_t>(parts.fraction.size());
  const std::int64_t point = whole + parts.exponent;  // counted in the digits of both
  if (!any_but_zero(parts.whole) && !any_but_zero(parts.fraction)) {
    has_rest = false;
    return true;
  }
  digits.append(parts.whole).append(parts.fraction);
  if (point <= 0) {
    digits.clear();
    has_rest = true;
    return true;
  }
  if (point > all) {
    const std::size_t zeros = std::min(digits.find_first_not_of('0'), digits.size());
    digits.erase(0, zeros);
    if (point - static_cast<std::int64_t>(zeros) > kMostDigits) return false;
    digits.append(static_cast<std::size_t>(point - all), '0');
    has_rest = false;
    return true;
  }
  has_rest = any_but_zero(std::string_view(digits).substr(static_cast<std::size_t>(point)));
  digits.resize(static_cast<std::size_t>(point));
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  return digits.size() <= static_cast<std::size_t>(kMostDigits);
}

void add_one(std::string& digits) {
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) {
    if (*digit != '9') {
      ++*digit;
      return;
    }
    *digit = '0';
  }
  digits.insert(digits.begin(), '1');
}

/// Most numbers are short: sign, digits, perhaps a point and digits, and nothing else. Their whole
/// part is an integer of the machine; false leaves the others to the long way.
bool ceil_of_short(std::string_view text, std::string& digits) {
  constexpr std::size_t kMostShort = 17;
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const std::size_t whole = count_digits(text.substr(0, kMostShort + 1));
  if (whole == 0 || whole > kMostShort) return false;
  std::int64_t value = 0;
  for (const char digit : text.substr(0, whole)) value = value * 10 + (digit - '0');
  text.remove_prefix(whole);
  if (!text.empty()) {
    if (text[0] != '.' || count_digits(text.substr(1)) != text.size() - 1) return false;
    if (!negative && any_but_zero(text.substr(1))) ++value;
  }
  std::array<char, 20> shown;  // of 2^63
  const std::int64_t signed_value = negative ? -value : value;
  const auto [end, problem] =
      std::to_chars(shown.data(), shown.data() + shown.size(), signed_value);
  digits.assign(shown.data(), static_cast<std::size_t>(end - shown.data()));
  return problem == std::errc();
}

}  // namespace

bool exact_ceil(std::string_view text, std::string& digits) {
  if (ceil_of_short(text, digits)) return true;
  digits.clear();
  Parts parts;
  bool has_rest = false;
  if (!take_apart(text, parts) || !cut_at_point(parts, digits, has_rest)) return false;
  // Towards zero is up for a negative number; a positive one with a rest is one more.
  if (has_rest && !parts.negative) add_one(digits);
  if (digits.empty()) {
    digits.push_back('0');
  } else if (parts.negative) {
    digits.insert(digits.begin(), '-');
  }
  return true;
}

}  // namespace reactord::load
