// SPDX-License-Identifier: MIT
#include "protocol/request_writer.h"

#include <array>
#include <charconv>
#include <cstddef>

namespace reactord {
namespace {

void append_header(Buffer& out, char type, std::size_t number) {
  std::array<char, 24> text{};  // a type, 20 digits of 2^64 - 1, CRLF
  text[0] = type;
  char* end = std::to_chars(text.data() + 1, text.data() + text.size(), number).ptr;
  *end++ = '\r';
  *end++ = '\n';
  out.append(std::string_view(text.data(), static_cast<std::size_t>(end - text.data())));
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
