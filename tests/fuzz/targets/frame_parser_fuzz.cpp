// SPDX-License-Identifier: MIT
// The parser's promise under arbitrary bytes: no crash, and the same frames and errors however the
// bytes were cut. The first bytes of the input choose the framing, the end and the cut.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tests/fuzz/require.h"
#include "tests/support/parse_stream.h"

namespace {

using reactord::Framing;
using reactord::ParserLimits;
using reactord::test::AtEnd;
using reactord::test::require_same;
using reactord::test::Transcript;

// Small, so that short inputs reach every limit.
constexpr ParserLimits kLimits{.max_frame_bytes = 200, .max_arguments = 6, .max_inline_bytes = 24};
constexpr std::size_t kChoiceBytes = 2;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size <= kChoiceBytes) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + kChoiceBytes,
                               size - kChoiceBytes);
  const Framing framing = (data[0] & 1) != 0 ? Framing::line : Framing::command;
  const AtEnd at_end = (data[0] & 2) != 0 ? AtEnd::end_of_input : AtEnd::open;
  const std::size_t cut = data[1] % bytes.size();

  const auto play = [&](const std::vector<std::string_view>& pieces) {
    return reactord::test::play(framing, kLimits, pieces, at_end);
  };
  const Transcript whole = play({bytes});
  require_same(whole, play({bytes.substr(0, cut), bytes.substr(cut)}), "cut once");
  require_same(whole, play(reactord::test::one_byte_pieces(bytes)), "byte by byte");
  return 0;
}
