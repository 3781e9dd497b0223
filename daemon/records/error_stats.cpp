// SPDX-License-Identifier: MIT
#include "daemon/records/error_stats.h"

#include <algorithm>

#include "daemon/reactor/out_of_memory.h"

namespace reactord {

namespace {

/// Error codes counted apart; a handler that made up new ones without end must not fill the memory.
constexpr std::size_t kMaxCodes = 128;

/// What stands in front of the code, in RESP and in plain text.
constexpr std::string_view kIntroductions[] = {"-", "(error) "};

}  // namespace

void ErrorStats::count(std::string_view error) noexcept {
  for (const std::string_view introduction : kIntroductions)
    if (error.starts_with(introduction)) error.remove_prefix(introduction.size());
  const std::string_view code =
      error.substr(0, std::min(error.find_first_of(" \r\n"), error.size()));
  const auto found = counts_.find(code);
  if (found != counts_.end())
    ++found->second;
  else if (counts_.size() < kMaxCodes)
    (void)has_memory_for([&] { counts_.emplace(code, 1); });
}

}  // namespace reactord
