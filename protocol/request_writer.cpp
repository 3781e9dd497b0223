// SPDX-License-Identifier: MIT
#include "protocol/request_writer.h"

#include <array>
#include <charconv>
#include <cstddef>

namespace reactord {
namespace {

void append_header(Buffer& out, char type, std::size_t number) {
  std::array<char, 20> digits{};  // of 2^64 - 1
  const char* end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(type);
  out.append(std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data())));
  out.append("\r\n");
}

}  // namespace

void write_request(Buffer& out, std::span<const std::string_view> words) {
  append_header(out, '*', words.size());
  for (const std::string_view word : words) {
    append_header(out, '$', word.size());
    out.append(word);
    out.append("\r\n");
  }
}

}  // namespace reactord
