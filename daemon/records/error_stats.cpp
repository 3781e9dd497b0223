// SPDX-License-Identifier: MIT
#include "daemon/records/error_stats.h"

#include <algorithm>
#include <limits>

#include "daemon/reactor/out_of_memory.h"

namespace reactord {

namespace {

/// Error codes counted apart; a handler that made up new ones without end must not fill the memory.
constexpr std::size_t kMaxCodes = 128;
static_assert(kMaxCodes <= std::numeric_limits<ErrorStats::Number>::max());

/// What stands in front of the code, in RESP and in plain text.
constexpr std::string_view kIntroductions[] = {"-", "(error) "};

}  // namespace

ErrorStats::Number ErrorStats::count(std::string_view error) noexcept {
  for (const std::string_view introduction : kIntroductions)
    if (error.starts_with(introduction)) error.remove_prefix(introduction.size());
  const std::string_view code =
      error.substr(0, std::min(error.find_first_of(" \r\n"), error.size()));
  const auto found = counts_.find(code);
  if (found != counts_.end()) {
    ++found->second.errors;
    return found->second.number;
  }
  const auto number = static_cast<Number>(counts_.size() + 1);
  const bool is_new = counts_.size() < kMaxCodes && has_memory_for([&] {
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
