// SPDX-License-Identifier: MIT
// Tables of bytes and what the frame parser makes of them: each row is played whole, in every
// two-way split and byte by byte.
#pragma once

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/framing/frame_parser.h"
#include "tests/support/parse_stream.h"

namespace reactord::test {

struct Row {
  std::string bytes;
  Transcript expected;
};

inline constexpr ParserLimits kLimits{};
// Small enough to put every limit at the end of a short row.
inline constexpr ParserLimits kSmall{
    .max_frame_bytes = 40, .max_arguments = 3, .max_inline_bytes = 8};

inline void check_every_cut(const Row& row, Framing framing, const ParserLimits& limits,
                            AtEnd at_end) {
  const std::string_view bytes = row.bytes;
  CAPTURE(escaped(bytes));
  CHECK(play(framing, limits, {bytes}, at_end) == row.expected);
  CHECK(play(framing, limits, one_byte_pieces(bytes), at_end) == row.expected);
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    CAPTURE(cut);
    const std::vector pieces{bytes.substr(0, cut), bytes.substr(cut)};
    REQUIRE(play(framing, limits, pieces, at_end) == row.expected);
  }
}

inline void check_table(const std::vector<Row>& table, Framing framing, const ParserLimits& limits,
                        AtEnd at_end = AtEnd::open) {
  for (const Row& row : table) check_every_cut(row, framing, limits, at_end);
}

inline std::string protocol_error(std::string_view text) {
  return "ERR Protocol error: " + std::string(text);
}
inline Transcript error(std::string_view text) {
  return {protocol_error(text)};
}

inline std::string array(std::initializer_list<std::string_view> words) {
  std::string bytes = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string_view word : words)
    bytes += "$" + std::to_string(word.size()) + "\r\n" + std::string(word) + "\r\n";
  return bytes;
}

inline std::string zeros(std::size_t count) {
  return escaped(std::string(count, '\0'));
}

}  // namespace reactord::test
