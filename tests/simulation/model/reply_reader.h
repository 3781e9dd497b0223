// SPDX-License-Identifier: MIT
// Reads replies, by a reader of its own: what the daemon writes is not judged by the daemon's code.
// Every encoding becomes the same text:
//
//   PONG   5   !ERR ...   (nil)   [a|[b|c]]   >[push|...]
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace simulation {

enum class Encoding : std::uint8_t { resp, plain, raw };

struct ReadReply {
  std::string text;
  std::size_t bytes = 0;
  bool is_push = false;
};

/// The first reply in `input`, if all of it is there. `is_list`: of a plain reply, whether it ends
/// with an empty line. Throws std::runtime_error where it is none.
[[nodiscard]] std::optional<ReadReply> read_reply(std::string_view input, Encoding encoding,
                                                  bool is_list);

}  // namespace simulation
