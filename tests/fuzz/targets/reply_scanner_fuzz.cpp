// SPDX-License-Identifier: MIT
// The scanner's promise under arbitrary bytes: no crash, the same ends, kinds and errors as the
// parser of replies, and the same however the bytes were cut. The first bytes of the input choose
// the limits and the cuts.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "tests/fuzz/cut_up.h"
#include "tests/fuzz/require.h"
#include "tests/support/parse_stream.h"
#include "tests/support/scan_stream.h"

namespace {

using reactord::ReplyLimits;
using reactord::test::require_same;
using reactord::test::ScanTranscript;

// Small, so that short inputs reach every limit.
constexpr ReplyLimits kSmall{
    .max_bytes = 100, .max_line_bytes = 24, .max_elements = 6, .max_depth = 3};
constexpr std::size_t kChoiceBytes = 2;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size <= kChoiceBytes) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + kChoiceBytes,
                               size - kChoiceBytes);
  const ReplyLimits limits = (data[0] & 1) != 0 ? kSmall : ReplyLimits{};
  const ScanTranscript expected = reactord::test::parsed({bytes}, limits);
  require_same(expected, reactord::test::scanned({bytes}, limits), "whole");
  require_same(expected, reactord::test::scanned(reactord::test::cut_up(bytes, data[1]), limits),
               "cut");
  require_same(expected, reactord::test::scanned(reactord::test::one_byte_pieces(bytes), limits),
               "byte by byte");
  return 0;
}
