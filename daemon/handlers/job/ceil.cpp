// SPDX-License-Identifier: MIT
#include "daemon/handlers/job/ceil.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "daemon/interface/handler_entry.h"
#include "protocol/escape.h"

namespace reactord {
namespace {

// --- the number

/// Larger than any text and any result is long, and far from overflow: every exponent beyond it
/// gives the same answer.
constexpr std::int64_t kHugeExponent = std::int64_t{1} << 40;

/// A number of this length, and the one above it, fit in 64 bits.
constexpr std::size_t kShortTextBytes = 18;

/// whole.fraction * 10^exponent
struct Decimal {
  bool negative = false;
  std::string_view whole;
  std::string_view fraction;
  std::int64_t exponent = 0;
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string_view without_blanks(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

/// Takes an optional sign; true when it is a minus.
bool take_sign(std::string_view& text) {
  const bool negative = take(text, '-');
  if (!negative) take(text, '+');
  return negative;
}

/// The length of the digits at the front of `text`. Eight at a time where there are many: a byte is
/// a digit when its upper half is 3, and still is after 6 was added.
std::size_t count_digits(std::string_view text) {
  constexpr std::uint64_t kUpperHalves = 0xf0f0'f0f0'f0f0'f0f0;
  constexpr std::uint64_t kThrees = 0x3030'3030'3030'3030;
  constexpr std::uint64_t kSixes = 0x0606'0606'0606'0606;
  std::size_t count = 0;
  for (std::uint64_t bytes = 0; count + sizeof bytes <= text.size(); count += sizeof bytes) {
    std::memcpy(&bytes, text.data() + count, sizeof bytes);
    if ((bytes & kUpperHalves) != kThrees || ((bytes + kSixes) & kUpperHalves) != kThrees) break;
  }
  while (count < text.size() && is_digit(text[count])) ++count;
  return count;
}

std::string_view take_digits(std::string_view& text) {
  const std::string_view digits = text.substr(0, count_digits(text));
  text.remove_prefix(digits.size());
  return digits;
}

std::size_t strip_zeros(std::string_view& digits) {
  const std::size_t zeros = std::min(digits.find_first_not_of('0'), digits.size());
  digits.remove_prefix(zeros);
  return zeros;
}

/// Reads what follows the 'e': the whole of `text`.
bool parse_exponent(std::string_view text, std::int64_t& exponent) {
  const bool negative = take_sign(text);
  std::string_view digits = take_digits(text);
  if (digits.empty() || !text.empty()) return false;
  strip_zeros(digits);
  constexpr std::size_t kEnoughDigits = 13;  // kHugeExponent has as many
  for (const char digit : digits.substr(0, kEnoughDigits)) exponent = exponent * 10 + (digit - '0');
  exponent = digits.size() > kEnoughDigits ? kHugeExponent : std::min(exponent, kHugeExponent);
  if (negative) exponent = -exponent;
  return true;
}

bool parse_decimal(std::string_view text, Decimal& number) {
  text = without_blanks(text);
  number.negative = take_sign(text);
  number.whole = take_digits(text);
  if (take(text, '.')) number.fraction = take_digits(text);
  if (number.whole.empty() && number.fraction.empty()) return false;
  if (take(text, 'e') || take(text, 'E')) return parse_exponent(text, number.exponent);
  return text.empty();
}

/// Removes leading zeros, so that the first digit left is the number's most significant one.
void normalise(Decimal& number) {
  strip_zeros(number.whole);
  if (!number.whole.empty()) return;
  number.exponent -= static_cast<std::int64_t>(strip_zeros(number.fraction));
}

bool has_nonzero(std::string_view digits) {
  return digits.find_first_not_of('0') != std::string_view::npos;
}

/// Appends the first `count` digits of the number, zeros where it has no more; true when a digit
/// other than zero is left behind them.
bool append_leading_digits(const Decimal& number, std::size_t count, std::string& digits) {
  const std::string_view whole = number.whole.substr(0, count);
  const std::string_view fraction = number.fraction.substr(0, count - whole.size());
  digits.append(whole).append(fraction).append(count - whole.size() - fraction.size(), '0');
  return has_nonzero(number.whole.substr(whole.size())) ||
         has_nonzero(number.fraction.substr(fraction.size()));
}

/// Adds one to a number that is not negative.
void increment(std::string& digits) {
  std::size_t last = digits.size();
  while (last > 0 && digits[last - 1] == '9') digits[--last] = '0';
  if (last == 0) {
    digits.insert(digits.begin(), '1');
  } else {
    ++digits[last - 1];
  }
}

CeilStatus round_up(const Decimal& number, std::size_t max_digits, std::string& digits) {
  digits.clear();
  if (number.whole.empty() && number.fraction.empty()) {
    digits = "0";
    return CeilStatus::ok;
  }
  // How many digits stand before the point.
  const std::int64_t point = static_cast<std::int64_t>(number.whole.size()) + number.exponent;
  if (point <= 0) {
    digits = number.negative ? "0" : "1";
    return CeilStatus::ok;
  }
  if (point > static_cast<std::int64_t>(max_digits)) return CeilStatus::result_too_long;
  if (number.negative) digits = "-";
  const bool inexact = append_leading_digits(number, static_cast<std::size_t>(point), digits);
  if (!inexact || number.negative) return CeilStatus::ok;
  increment(digits);
  return digits.size() <= max_digits ? CeilStatus::ok : CeilStatus::result_too_long;
}

/// ceil_decimal() for what nearly everybody sends, at the price of one look at each byte: an
/// optional minus and digits with an optional point, all of it short enough for 64 bits. False for
/// the rest.
bool ceil_short(std::string_view text, std::int64_t& result) {
  if (text.size() > kShortTextBytes) return false;
  const bool negative = take(text, '-');
  std::int64_t whole = 0;
  std::size_t i = 0;
  for (; i < text.size() && is_digit(text[i]); ++i) whole = whole * 10 + (text[i] - '0');
  const std::size_t whole_digits = i;
  bool inexact = false;
  if (i < text.size() && text[i] == '.') {
    for (++i; i < text.size() && is_digit(text[i]); ++i) inexact = inexact || text[i] != '0';
  }
  if (i < text.size() || whole_digits == 0) return false;
  if (negative) {
    result = -whole;
  } else {
    result = whole + (inexact ? 1 : 0);
  }
  return true;
}

// --- the command

struct CeilSettings {
  /// More digits than anyone counts by hand, and a reply of one page of memory.
  std::int64_t max_digits = 4096;
  /// Off, because the most used RESP3 client, redis-cli, cannot show them.
  bool big_numbers = false;
};

constexpr CommandSpec kCommands[] = {{.name = "ceil",
                                      .synopsis = "real",
                                      .summary = "Returns the next higher integer, exactly",
                                      .min_arguments = 1,
                                      .max_arguments = 1}};

class CeilHandler : public Handler {
 public:
  using Settings = CeilSettings;
  static constexpr KeySpec kKeys[] = {
      key<&CeilSettings::max_digits>("max_digits", Apply::reload, {1, kMostCeilDigits}),
      key<&CeilSettings::big_numbers>("big_numbers", Apply::reload)};

  CeilHandler(Service&, const CeilSettings& settings) : settings_(settings) {}

  std::span<const CommandSpec> commands() const override { return kCommands; }

  HandlerResult handle(const Request& request, ReplyWriter& reply,
                       HandlerContext& context) override {
    const std::string_view text = request.arguments[0];
    const auto max_digits = static_cast<std::size_t>(settings_.max_digits);
    std::int64_t result = 0;
    if (max_digits > kShortTextBytes && ceil_short(text, result)) [[likely]] {
      reply.integer(result);
      return HandlerResult::replied;
    }
    // The text is gone through a few times, at a byte or more a nanosecond.
    context.charge(std::chrono::microseconds(text.size() >> 10));
    const CeilStatus status = ceil_decimal(text, max_digits, digits_);
    if (status == CeilStatus::ok) {
      reply.integer_digits(digits_,
                           settings_.big_numbers ? BigInteger::number : BigInteger::string);
    } else {
      reply.error(problem(status, text));
    }
    return HandlerResult::replied;
  }

  void reload(const void* settings) override {
    settings_ = *static_cast<const CeilSettings*>(settings);
  }

 private:
  std::string problem(CeilStatus status, std::string_view text) const;

  CeilSettings settings_;
  std::string digits_;  // kept from call to call, so that most calls allocate nothing
};

std::string CeilHandler::problem(CeilStatus status, std::string_view text) const {
  constexpr std::size_t kShownBytes = 40;
  switch (status) {
    case CeilStatus::ok:
      break;
    case CeilStatus::not_a_number:
      return fmt::format(
          "ERR '{}' is not a decimal number; expected digits with an optional sign, point and "
          "exponent, such as 4.40, -0.5 or 1e3",
          escaped(text, kShownBytes));
    case CeilStatus::text_too_long:
      return fmt::format("ERR '{}' is too long for a number: {} bytes, at most {}",
                         escaped(text, kShownBytes), text.size(), kMaxCeilTextBytes);
    case CeilStatus::result_too_long:
      return fmt::format(
          "ERR '{}' rounds to an integer of more than {} digits (handlers.ceil.max_digits)",
          escaped(text, kShownBytes), settings_.max_digits);
  }
  return {};
}

}  // namespace

CeilStatus ceil_decimal(std::string_view text, std::size_t max_digits, std::string& digits) {
  if (text.size() > kMaxCeilTextBytes) return CeilStatus::text_too_long;
  Decimal number;
  if (!parse_decimal(text, number)) return CeilStatus::not_a_number;
  normalise(number);
  return round_up(number, max_digits, digits);
}

HandlerEntry ceil_handler() {
  return handler_entry<CeilHandler>("ceil");
}

}  // namespace reactord
