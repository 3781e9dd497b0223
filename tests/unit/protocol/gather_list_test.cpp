// SPDX-License-Identifier: MIT
#include "protocol/buffers/gather_list.h"

#include <doctest/doctest.h>

#include <string>

#include "protocol/reply_writer.h"

using namespace reactord;

namespace {

constexpr std::size_t kLong = GatherList::kMinPieceBytes;

std::string joined(GatherList& pieces, const Buffer& out) {
  std::string all;
  for (const std::string_view part : pieces.parts(out.view())) all += part;
  return all;
}

}  // namespace

TEST_CASE("borrowed pieces: only what is long and lies in what was lent") {
  const std::string input(4 * kLong, 'x');
  const std::string other(kLong, 'y');
  const std::string_view view = input;
  GatherList pieces;
  CHECK_FALSE(pieces.borrow(0, view));  // nothing was lent
  pieces.lend(view.substr(0, 3 * kLong));
  CHECK_FALSE(pieces.borrow(0, view.substr(0, kLong - 1)));
  CHECK_FALSE(pieces.borrow(0, other));
  CHECK_FALSE(pieces.borrow(0, view.substr(2 * kLong, 2 * kLong)));
  CHECK(pieces.empty());
  CHECK(pieces.borrow(0, view.substr(2 * kLong, kLong)));
  CHECK(pieces.borrow(0, view.substr(0, 3 * kLong)));
  CHECK(pieces.bytes() == 4 * kLong);
  pieces.clear();
  CHECK_FALSE(pieces.borrow(0, view.substr(0, kLong)));
}

TEST_CASE("borrowed pieces: replies are the same bytes, borrowed or copied") {
  const std::string input = std::string(kLong, 'a') + std::string(kLong + 7, 'b');
  const std::string_view first = std::string_view(input).substr(0, kLong);
  const std::string_view second = std::string_view(input).substr(kLong);
  for (const ReplyEncoding encoding :
       {ReplyEncoding::resp2, ReplyEncoding::resp3, ReplyEncoding::plain, ReplyEncoding::raw}) {
    const auto write = [&](ReplyWriter& reply) {
      reply.ok();
      reply.bulk(first);
      reply.bulk(second);
      reply.array(2);
      reply.bulk(second);
      reply.bulk("end");
    };
    Buffer copied;
    ReplyWriter copying(copied, encoding);
    write(copying);
    Buffer out;
    GatherList pieces;
    pieces.lend(input);
    ReplyWriter borrowing(out, encoding, &pieces);
    write(borrowing);
    CHECK(joined(pieces, out) == copied.view());
    CHECK(out.size() + pieces.bytes() == copied.size());
    if (encoding == ReplyEncoding::resp2) CHECK(pieces.bytes() == first.size() + 2 * second.size());
  }
}

TEST_CASE("borrowed pieces: a reply that is taken back takes its pieces along") {
  const std::string input(2 * kLong, 'x');
  Buffer out;
  GatherList pieces;
  pieces.lend(input);
  ReplyWriter reply(out, ReplyEncoding::resp2, &pieces);
  reply.bulk(std::string_view(input).substr(kLong));
  const std::string before = joined(pieces, out);
  const std::size_t mark = out.size();
  reply.bulk(input);
  reply.bulk(input);
  out.truncate(mark);
  pieces.truncate(mark);
  CHECK(joined(pieces, out) == before);
  CHECK(pieces.bytes() == kLong);
}

TEST_CASE("borrowed pieces: what is too many is copied") {
  const std::string input(kLong, 'x');
  Buffer out;
  GatherList pieces;
  pieces.lend(input);
  ReplyWriter reply(out, ReplyEncoding::resp2, &pieces);
  for (std::size_t i = 0; i < GatherList::kMaxPieces + 1; ++i) reply.bulk(input);
  CHECK(pieces.bytes() == GatherList::kMaxPieces * kLong);
  CHECK(out.size() > kLong);
  CHECK(pieces.parts(out.view()).size() == GatherList::kMaxParts);
}
