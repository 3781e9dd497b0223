// SPDX-License-Identifier: MIT
// Replies as trees of values, of any bytes: the same ones however the bytes were cut; and one that
// is handed on, in RESP3, is read as the same tree again. The first byte of the input chooses the
// cuts.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/buffers/buffer.h"
#include "protocol/replies/reply_parser.h"
#include "protocol/replies/rewrite_reply.h"
#include "tests/fuzz/cut_up.h"
#include "tests/fuzz/require.h"
#include "tests/support/parse_stream.h"

namespace {

using namespace reactord;
using test::require;
using test::require_same;

std::string tree_of(const Reply& reply) {
  std::string text = std::to_string(static_cast<int>(reply.kind)) + "'" + reply.text + "'(";
  for (const Reply& element : reply.elements) text += tree_of(element);
  return text + ")";
}

/// With a line for each reply, and how the stream ends.
std::string replies_of(const std::vector<std::string_view>& pieces) {
  ReplyParser parser;
  std::string text;
  for (const std::string_view piece : pieces) {
    const std::vector<char> copy(piece.begin(), piece.end());
    std::string_view rest(copy.data(), copy.size());
    while (!rest.empty()) {
      std::size_t consumed = 0;
      const ReplyStatus status = parser.parse(rest, consumed);
      if (status == ReplyStatus::error) return text + "error " + parser.error();
      rest.remove_prefix(consumed);
      if (status == ReplyStatus::reply) text += tree_of(parser.take()) + "\n";
    }
  }
  return text + (parser.between_replies() ? "" : "waits");
}

/// Each whole reply by itself.
void check_handed_on(std::string_view bytes) {
  ReplyParser parser;
  while (!bytes.empty()) {
    std::size_t consumed = 0;
    if (parser.parse(bytes, consumed) != ReplyStatus::reply) return;
    const Reply reply = parser.take();
    Buffer out;
    ReplyWriter writer(out, ReplyEncoding::resp3);
    rewrite_reply(bytes.substr(0, consumed), reply.kind == Reply::Kind::error, writer);
    require_same(tree_of(reply) + "\n", replies_of({out.view()}), "handed on, another reply");
    bytes.remove_prefix(consumed);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string whole = replies_of({bytes});
  require_same(whole, replies_of(test::cut_up(bytes, data[0])), "replies depend on the cuts");
  require_same(whole, replies_of(test::one_byte_pieces(bytes)), "replies depend on single bytes");
  check_handed_on(bytes);
  return 0;
}
