// SPDX-License-Identifier: MIT
// How a fuzz target says that something does not hold.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace reactord::test {

/// Ends the process, as libFuzzer and random_driver.cpp take a failure.
inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

/// With what is not printable as \xHH.
inline void tell(const char* what, std::string_view text) {
  std::fputs(what, stderr);
  for (const char c : text)
    if (c >= ' ' && c <= '~')
      std::fputc(c, stderr);
    else
      std::fprintf(stderr, "\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
  std::fputs("\n", stderr);
}

/// The same as require(), with the two that differ.
inline void require_same(std::string_view expected, std::string_view seen, std::string_view what) {
  if (expected == seen) return;
  tell("", what);
  tell("  expected: ", expected);
  tell("  seen:     ", seen);
  std::abort();
}

/// Of what was seen in order, a line each.
inline void require_same(const std::vector<std::string>& expected,
                         const std::vector<std::string>& seen, const char* what) {
  if (expected == seen) return;
  tell("", what);
  for (const std::string& line : expected) tell("  expected: ", line);
  for (const std::string& line : seen) tell("  seen:     ", line);
  std::abort();
}

}  // namespace reactord::test
