// SPDX-License-Identifier: MIT
// What a client is told whose connection ends because its process has.
#pragma once

#include <string>
#include <string_view>

#include "daemon/connection/listener_policy.h"
#include "daemon/connection/snapshot/saved_connection.h"
#include "protocol/buffers/buffer.h"
#include "protocol/reply_writer.h"

namespace reactord {

/// `error` as the client of a saved connection reads an error.
[[nodiscard]] inline std::string last_words(const SavedConnection& saved, std::string_view error) {
  Buffer text;
  const ReplyEncoding command = saved.answers_in_resp ? ReplyEncoding::resp2 : ReplyEncoding::plain;
  ReplyWriter(text, encoding_of(saved.framing, command)).error(error);
  return std::string(text.view());
}

}  // namespace reactord
