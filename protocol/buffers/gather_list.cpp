// SPDX-License-Identifier: MIT
#include "protocol/buffers/gather_list.h"

#include <functional>

namespace reactord {

// By std::less_equal, which orders pointers into different objects, too.
bool lies_within(std::string_view bytes, std::string_view whole) {
  constexpr std::less_equal<const char*> is_not_behind;
  return is_not_behind(whole.data(), bytes.data()) &&
         is_not_behind(bytes.data() + bytes.size(), whole.data() + whole.size());
}

bool GatherList::borrow_long(std::size_t at, std::string_view bytes) {
  if (count_ == kMaxPieces || !lies_within(bytes, lent_)) return false;
  pieces_[count_++] = {at, bytes};
  bytes_ += bytes.size();
  return true;
}

void GatherList::truncate(std::size_t at) {
  while (count_ > 0 && pieces_[count_ - 1].at > at) bytes_ -= pieces_[--count_].bytes.size();
}

std::span<std::string_view> GatherList::parts(std::string_view buffer) {
  std::size_t used = 0;
  std::size_t count = 0;
  const auto add = [&](std::string_view part) {
    if (!part.empty()) parts_[count++] = part;
  };
  for (const Piece& piece : std::span(pieces_).first(count_)) {
    add(buffer.substr(used, piece.at - used));
    add(piece.bytes);
    used = piece.at;
  }
  add(buffer.substr(used));
  return std::span(parts_).first(count);
}

}  // namespace reactord
