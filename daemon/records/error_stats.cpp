// SPDX-License-Identifier: MIT
#include "daemon/records/error_stats.h"

#include <algorithm>
#include <limits>

#include "daemon/reactor/out_of_memory.h"

namespace reactord {

namespace {

/// Error codes counted apart, and their length: whoever makes up new ones without end, a handler or
/// a server behind the relay, must not fill the memory, nor everybody's monitoring.
constexpr std::size_t kMaxCodes = 128;
constexpr std::size_t kMaxCodeBytes = 32;
static_assert(kMaxCodes < std::numeric_limits<ErrorStats::Number>::max());

/// All others together; no code has parentheses.
constexpr std::string_view kOther = "(other)";

/// What stands in front of the code, in RESP and in plain text.
constexpr std::string_view kIntroductions[] = {"-", "(error) "};

std::string_view code_in(std::string_view error) {
  for (const std::string_view introduction : kIntroductions)
    if (error.starts_with(introduction)) error.remove_prefix(introduction.size());
  return error.substr(0, std::min(error.find_first_of(" \r\n"), error.size()));
}

bool is_code(std::string_view word) {
  const auto may_be_in_code = [](char c) {
    return ('A' <= c && c <= 'Z') || ('a' <= c && c <= 'z') || ('0' <= c && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  };
  return !word.empty() && word.size() <= kMaxCodeBytes && std::ranges::all_of(word, may_be_in_code);
}

}  // namespace

ErrorStats::Number ErrorStats::count(std::string_view error) noexcept {
  const std::string_view code = code_in(error);
  const Number number = is_code(code) ? count(code, kMaxCodes) : Number{0};
  return number != 0 ? number : count(kOther, kMaxCodes + 1);
}

/// 0 where it would be a new one beyond so many, or there is no memory.
ErrorStats::Number ErrorStats::count(std::string_view code, std::size_t most) noexcept {
  const auto found = counts_.find(code);
  if (found != counts_.end()) {
    ++found->second.errors;
    return found->second.number;
  }
  const auto number = static_cast<Number>(counts_.size() + 1);
  const bool is_new = counts_.size() < most && has_memory_for([&] {
                        counts_.emplace(code, Count{1, number});
                      });
  return is_new ? number : Number{0};
}

/// There are few, and only who looks at one client asks.
std::string_view ErrorStats::code_of(Number number) const {
  const auto found = std::find_if(counts_.begin(), counts_.end(), [number](const auto& each) {
    return each.second.number == number;
  });
  return found == counts_.end() ? std::string_view() : found->first;
}

}  // namespace reactord
