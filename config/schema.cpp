// SPDX-License-Identifier: MIT
#include "config/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <string>

#include "config/text/suggest.h"
#include "config/text/toml_text.h"

namespace reactord {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kUnbounded = std::numeric_limits<std::int64_t>::max();

struct Unit {
  std::string_view name;
  std::int64_t factor;  ///< in bytes or milliseconds
  std::int64_t least_shown = 1;
};

/// Largest first: a value is shown in the first unit that divides it.
constexpr Unit kSizeUnits[] = {
    {"GiB", std::int64_t{1} << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}};
constexpr Unit kDurationUnits[] = {
    {"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}};
/// "60s" is said more often than "1m", and "24h" than "1d".
constexpr Unit kShownDurationUnits[] = {
    {"d", 86'400'000, 2}, {"h", 3'600'000}, {"m", 60'000, 5}, {"s", 1000}, {"ms", 1}};

constexpr std::string_view kSizeForm = "a size such as \"64KiB\"";
constexpr std::string_view kDurationForm = "a duration such as \"10s\" or \"500ms\"";

std::string expected(std::string_view form, const ConfigValue& value) {
  return fmt::format("expected {}, found {}", form, describe(value));
}

std::string show_number(std::int64_t value) {
  return std::to_string(value);
}

std::string show_in(std::span<const Unit> units, std::int64_t value) {
  for (const Unit& unit : units) {
    const bool is_whole = value % unit.factor == 0 && value != 0;
    if (is_whole && std::abs(value / unit.factor) >= unit.least_shown) {
      return fmt::format("{}{}", value / unit.factor, unit.name);
    }
  }
  return fmt::format("0{}", units.back().name);
}

std::string show_size(std::int64_t bytes) {
  return show_in(kSizeUnits, bytes);
}
std::string show_duration(std::int64_t ms) {
  return ms == 0 ? "off" : show_in(kShownDurationUnits, ms);
}

/// The value as the file has it; a number of which nobody wrote a unit, as it is shown elsewhere.
std::string as_written(const ConfigValue& written, const std::string& shown_value) {
  const auto* text = std::get_if<std::string>(&written);
  return text == nullptr ? shown_value : *text;
}

/// Returns "" when `value` is inside; otherwise the range in the value's own form, and its reason.
std::string check_range(std::int64_t value, const ConfigValue& written, const ValueRange& range,
                        std::string (*show)(std::int64_t)) {
  if (value >= range.least && value <= range.most) return {};
  std::string bounds;
  if (range.most == kUnbounded) {
    bounds = fmt::format("at least {}", show(range.least));
  } else if (range.least == std::numeric_limits<std::int64_t>::min()) {
    bounds = fmt::format("at most {}", show(range.most));
  } else {
    bounds = fmt::format("from {} to {}", show(range.least), show(range.most));
  }
  return fmt::format("{} is out of range, which is {}{}{}", as_written(written, show(value)),
                     bounds, range.why.empty() ? "" : ": ", range.why);
}

struct NumberAndUnit {
  std::int64_t number = 0;
  std::string_view unit;  ///< the letters behind the number, "" when there are none
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string_view without_leading_blanks(std::string_view text) {
  const std::size_t start = text.find_first_not_of(' ');
  return start == std::string_view::npos ? std::string_view() : text.substr(start);
}

enum class Taken : std::uint8_t { number, not_a_number, too_large };

/// Takes digits, blanks and letters off the front of `text`.
[[nodiscard]] Taken take_number(std::string_view& text, NumberAndUnit& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out.number);
  if (error == std::errc::result_out_of_range) return Taken::too_large;
  if (error != std::errc() || !is_digit(text.front())) return Taken::not_a_number;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  text = without_leading_blanks(text);
  const auto unit_end = std::find_if(text.begin(), text.end(), [](char c) {
    return is_digit(c) || c == ' ' || c == '.' || c == ',' || c == '_';
  });
  out.unit = text.substr(0, static_cast<std::size_t>(unit_end - text.begin()));
  text.remove_prefix(out.unit.size());
  text = without_leading_blanks(text);
  return Taken::number;
}

bool same_letters(std::string_view a, std::string_view b) {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

std::string wrong_size_unit(std::string_view text, std::string_view unit) {
  if (unit.empty()) return fmt::format("{} has no unit: write \"64KiB\" or 65536", shown(text));
  for (const Unit& known : kSizeUnits) {
    const bool ambiguous = known.name.size() == 3 &&
                           same_letters(unit.substr(0, 1), known.name.substr(0, 1)) &&
                           (unit.size() == 1 || same_letters(unit.substr(1), "b"));
    if (ambiguous) {
      return fmt::format("the unit of {} is ambiguous: write {}, which is {} bytes", shown(text),
                         known.name, known.factor);
    }
  }
  return fmt::format("{} has an unknown unit: use B, KiB, MiB or GiB", shown(text));
}

std::string parse_size(std::string_view text, std::int64_t& bytes) {
  std::string_view rest = without_leading_blanks(text);
  NumberAndUnit part;
  switch (take_number(rest, part)) {
    case Taken::not_a_number:
      return fmt::format("expected {}, found {}", kSizeForm, shown(text));
    case Taken::too_large:
      return fmt::format("{} is too large", shown(text));
    case Taken::number:
      break;
  }
  if (!rest.empty()) {
    return fmt::format("{} is not a whole number and one unit, such as \"64KiB\"", shown(text));
  }
  for (const Unit& unit : kSizeUnits) {
    if (!same_letters(part.unit, unit.name)) continue;
    const bool overflow = __builtin_mul_overflow(part.number, unit.factor, &bytes);
    return overflow ? fmt::format("{} is too large", shown(text)) : std::string();
  }
  return wrong_size_unit(text, part.unit);
}

/// The place of a unit in kDurationUnits.
std::optional<std::size_t> duration_unit(std::string_view name) {
  for (std::size_t i = 0; i < std::size(kDurationUnits); ++i) {
    if (kDurationUnits[i].name == name) return i;
  }
  return std::nullopt;
}

std::string add_duration(std::string_view text, const NumberAndUnit& part, std::size_t& next_unit,
                         std::int64_t& total) {
  if (part.unit.empty()) {
    return fmt::format("{} has no unit: write \"{}s\" or \"{}ms\"", shown(text), part.number,
                       part.number);
  }
  const std::optional<std::size_t> unit = duration_unit(part.unit);
  if (!unit) return fmt::format("{} has an unknown unit: use d, h, m, s or ms", shown(text));
  if (*unit < next_unit)
    return fmt::format("the units of {} must go from large to small", shown(text));
  next_unit = *unit + 1;
  std::int64_t amount = 0;
  if (__builtin_mul_overflow(part.number, kDurationUnits[*unit].factor, &amount) ||
      __builtin_add_overflow(total, amount, &total)) {
    return fmt::format("{} is too large", shown(text));
  }
  return {};
}

std::string parse_duration(std::string_view text, std::int64_t& total) {
  if (text == "off" || text == "0") return {};
  std::string_view rest = without_leading_blanks(text);
  std::size_t next_unit = 0;
  do {
    NumberAndUnit part;
    switch (take_number(rest, part)) {
      case Taken::not_a_number:
        return fmt::format("expected {}, found {}", kDurationForm, shown(text));
      case Taken::too_large:
        return fmt::format("{} is too large", shown(text));
      case Taken::number:
        break;
    }
    if (part.unit.empty() && !rest.empty()) {
      return fmt::format("{} is not made of whole numbers with units, such as \"1m30s\"",
                         shown(text));
    }
    std::string problem = add_duration(text, part, next_unit, total);
    if (!problem.empty()) return problem;
  } while (!rest.empty());
  return {};
}

/// 0 means off, and only where the range says so.
std::string check_duration(std::int64_t total, const ConfigValue& written,
                           const ValueRange& range) {
  if (total == 0 && range.least > 0) {
    return fmt::format("this cannot be off: from {} to {}{}{}", show_duration(range.least),
                       show_duration(range.most), range.why.empty() ? "" : ": ", range.why);
  }
  return check_range(total, written, range, show_duration);
}

}  // namespace

const KeySpec* find_key(std::span<const KeySpec> keys, std::string_view name) {
  const auto found = std::find_if(keys.begin(), keys.end(),
                                  [&](const KeySpec& spec) { return spec.name == name; });
  return found == keys.end() ? nullptr : &*found;
}

std::string describe(const ConfigValue& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    return fmt::format("the integer {}", *number);
  }
  if (const auto* text = std::get_if<std::string>(&value)) {
    return fmt::format("the text {}", shown(*text));
  }
  return "a list";
}

std::string plain_text(const ConfigValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  const auto* items = std::get_if<std::vector<std::string>>(&value);
  if (items == nullptr) return toml_value(value);
  return fmt::format("{}", fmt::join(*items, " "));
}

std::string ValueTraits<bool>::parse(const ConfigValue& value, const ValueRange&, bool& out) {
  const auto* flag = std::get_if<bool>(&value);
  if (flag == nullptr) return expected("true or false", value);
  out = *flag;
  return {};
}

ConfigValue ValueTraits<bool>::show(const bool& value) {
  return value;
}

std::string ValueTraits<std::int64_t>::parse(const ConfigValue& value, const ValueRange& range,
                                             std::int64_t& out) {
  const auto* number = std::get_if<std::int64_t>(&value);
  if (number == nullptr) return expected("an integer", value);
  std::string problem = check_range(*number, value, range, show_number);
  if (problem.empty()) out = *number;
  return problem;
}

ConfigValue ValueTraits<std::int64_t>::show(const std::int64_t& value) {
  return value;
}

std::string ValueTraits<ByteCount>::parse(const ConfigValue& value, const ValueRange& range,
                                          ByteCount& out) {
  std::int64_t bytes = 0;
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    bytes = *number;
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    if (std::string problem = parse_size(*text, bytes); !problem.empty()) return problem;
  } else {
    return expected(kSizeForm, value);
  }
  ValueRange sizes = range;
  sizes.least = std::max<std::int64_t>(sizes.least, 0);
  std::string problem = check_range(bytes, value, sizes, show_size);
  if (problem.empty()) out.bytes = static_cast<std::uint64_t>(bytes);
  return problem;
}

ConfigValue ValueTraits<ByteCount>::show(const ByteCount& value) {
  return show_size(static_cast<std::int64_t>(value.bytes));
}

std::string ValueTraits<milliseconds>::parse(const ConfigValue& value, const ValueRange& range,
                                             milliseconds& out) {
  std::int64_t total = 0;
  if (const auto* text = std::get_if<std::string>(&value)) {
    if (std::string problem = parse_duration(*text, total); !problem.empty()) return problem;
  } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
    if (*number != 0) {
      return fmt::format("{} has no unit: write \"{}s\" or \"{}ms\"", *number, *number, *number);
    }
  } else {
    return expected(kDurationForm, value);
  }
  std::string problem = check_duration(total, value, range);
  if (problem.empty()) out = milliseconds(total);
  return problem;
}

ConfigValue ValueTraits<milliseconds>::show(const milliseconds& value) {
  return show_duration(value.count());
}

std::string ValueTraits<std::string>::parse(const ConfigValue& value, const ValueRange& range,
                                            std::string& out) {
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) return expected("text in quotes", value);
  const auto bytes = static_cast<std::int64_t>(text->size());
  if (bytes == 0 && range.least > 0) return "must not be empty";
  if (bytes < range.least) return fmt::format("must have at least {} bytes", range.least);
  if (bytes > range.most) return fmt::format("must have at most {} bytes", range.most);
  out = *text;
  return {};
}

ConfigValue ValueTraits<std::string>::show(const std::string& value) {
  return value;
}

namespace detail {

std::string parse_word(const ConfigValue& value, std::span<const std::string_view> words,
                       std::size_t& index) {
  const std::string choices = fmt::format("one of \"{}\"", fmt::join(words, "\", \""));
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) return expected(choices, value);
  const auto found = std::find(words.begin(), words.end(), *text);
  if (found == words.end()) {
    return fmt::format("expected {}, found {}{}", choices, shown(*text), suggestion(*text, words));
  }
  index = static_cast<std::size_t>(found - words.begin());
  return {};
}

const std::vector<std::string>* items_of(const ConfigValue& value,
                                         std::vector<std::string>& buffer) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    buffer = {*text};
    return &buffer;
  }
  return std::get_if<std::vector<std::string>>(&value);
}

std::string not_a_list(const ConfigValue& value, std::string_view list_name) {
  return fmt::format("expected {}, found {}", list_name, describe(value));
}

std::string check_item_count(std::size_t count, const ValueRange& range) {
  const auto items = static_cast<std::int64_t>(count);
  if (items == 0 && range.least > 0) return "the list must not be empty";
  if (items < range.least) return fmt::format("the list must have at least {} items", range.least);
  if (items > range.most) return fmt::format("the list must have at most {} items", range.most);
  return {};
}

}  // namespace detail
}  // namespace reactord
