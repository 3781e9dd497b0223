// SPDX-License-Identifier: MIT
// The reply to the request under way: where it is written, and how it is taken back.
#pragma once

#include <cstddef>
#include <string_view>

#include "protocol/buffers/buffer.h"
#include "protocol/buffers/gather_list.h"
#include "protocol/reply_writer.h"

namespace reactord {

struct ReplyDraft {
  ReplyDraft(Buffer& buffer, ReplyEncoding encoding, GatherList* lent = nullptr)
      : out(buffer), borrowed(lent), mark(buffer.size()), writer(buffer, encoding, lent) {}

  void take_back() {
    out.truncate(mark);
    if (borrowed != nullptr) borrowed->truncate(mark);
  }
  /// Throws away what was written and answers with `error` instead.
  [[gnu::noinline]] void replace(std::string_view error) {
    take_back();
    writer.restart();
    writer.error(error);
  }
  [[nodiscard]] std::string_view written() const { return out.view().substr(mark); }

  Buffer& out;
  GatherList* borrowed;    ///< what lies in the input and is not copied; null: all is
  std::size_t mark;        ///< where in `out` the reply begins
  bool must_send = false;  ///< whatever the mode of replies has become meanwhile (EXEC)
  ReplyWriter writer;
};

}  // namespace reactord
