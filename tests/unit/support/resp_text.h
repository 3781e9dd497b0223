// SPDX-License-Identifier: MIT
// Requests and replies as they stand on the wire.
#pragma once

#include <string>
#include <string_view>

namespace reactord::test {

inline std::string bulk(std::string_view word) {
  return "$" + std::to_string(word.size()) + "\r\n" + std::string(word) + "\r\n";
}

inline std::string echo(std::string_view word) {
  return "*2\r\n$4\r\nECHO\r\n" + bulk(word);
}

}  // namespace reactord::test
