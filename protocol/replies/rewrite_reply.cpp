// SPDX-License-Identifier: MIT
#include "protocol/replies/rewrite_reply.h"

#include <algorithm>

#include "protocol/replies/reply_parser.h"

namespace reactord {

namespace {

std::size_t depth_of(const Reply& reply) {
  std::size_t deepest = 0;
  for (const Reply& element : reply.elements) deepest = std::max(deepest, depth_of(element));
  return reply.is_aggregate() ? deepest + 1 : 0;
}

/// What a reader of RESP has made of a reply, written again.
void write_again(const Reply& reply, ReplyWriter& writer) {
  switch (reply.kind) {
    case Reply::Kind::nil:
      return writer.nil();
    case Reply::Kind::boolean:
      return writer.boolean(reply.text == "true");
    case Reply::Kind::integer:
    case Reply::Kind::big_number:
      return writer.integer_digits(reply.text);
    case Reply::Kind::real:
    case Reply::Kind::status:
      return writer.simple(reply.text);
    case Reply::Kind::text:
      return writer.bulk(reply.text);
    case Reply::Kind::error:
      return writer.error(reply.text);
    case Reply::Kind::array:
    case Reply::Kind::push:
      writer.array(reply.elements.size());
      break;
    case Reply::Kind::set:
      writer.set(reply.elements.size());
      break;
    case Reply::Kind::map:
      writer.map(reply.elements.size() / 2);
      break;
  }
  for (const Reply& element : reply.elements) write_again(element, writer);
}

}  // namespace

void rewrite_reply(std::string_view resp, bool is_error, ReplyWriter& reply) {
  if (reply.encoding() <= ReplyEncoding::resp3) return reply.encoded(resp, is_error);
  ReplyParser parser;
  std::size_t consumed = 0;
  if (parser.parse(resp, consumed) == ReplyStatus::reply) {
    const Reply value = parser.take();
    if (depth_of(value) <= ReplyWriter::kMaxDepth) return write_again(value, reply);
  }
  reply.error("ERR the reply cannot be shown as text; ask in RESP");
}

}  // namespace reactord
