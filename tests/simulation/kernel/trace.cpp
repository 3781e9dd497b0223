// SPDX-License-Identifier: MIT
#include "tests/simulation/kernel/trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "protocol/escape.h"

namespace simulation {

namespace {

constexpr std::size_t kShownBytes = 160;

double seconds(Moment moment) {
  return std::chrono::duration<double>(moment).count();
}

}  // namespace

void Trace::show(Moment now, std::string_view name, std::int64_t about, std::int64_t result) {
  const std::string outcome =
      result < 0 ? ::strerrorname_np(static_cast<int>(-result)) : std::to_string(result);
  fmt::print(text_, "{:.6f} {}({}) = {}\n", seconds(now), name, about, outcome);
}

void Trace::show(Moment now, std::string_view who, std::string_view bytes) {
  fmt::print(text_, "{:.6f} {}: {}\n", seconds(now), who, reactord::escaped(bytes, kShownBytes));
}

}  // namespace simulation
