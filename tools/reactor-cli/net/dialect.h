// SPDX-License-Identifier: MIT
// What differs between framings: how a request is written and how its answer is read, which raw
// framing has to guess. Knows no socket.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "protocol/buffers/buffer.h"
#include "protocol/replies/reply_parser.h"
#include "tools/reactor-cli/command_line/options.h"

namespace reactord::cli {

/// What a line of input amounts to.
enum class LineStatus : std::uint8_t {
  request,     ///< was appended to the output
  nothing,     ///< a blank line
  unbalanced,  ///< quotes are not closed, or not followed by a blank
  impossible,  ///< cannot be sent in this framing
};

class Dialect {
 public:
  virtual ~Dialect() = default;
  [[nodiscard]] static std::unique_ptr<Dialect> make(Framing framing);

  /// Appends the request of these words; false when they cannot be one.
  [[nodiscard]] virtual bool write_words(Buffer& out, std::span<const std::string_view> words) = 0;
  /// Appends the request of a line of input, given without its end.
  [[nodiscard]] virtual LineStatus write_line(Buffer& out, std::string_view line) = 0;

  /// Like ReplyParser's.
  [[nodiscard]] virtual ReplyStatus parse(std::string_view input, std::size_t& consumed) = 0;
  [[nodiscard]] virtual Reply take() = 0;
  [[nodiscard]] virtual const std::string& error() const = 0;

  /// At the end of the stream: true when that completes a reply, which take() then returns.
  [[nodiscard]] virtual bool parse_end() = 0;
  [[nodiscard]] virtual bool between_replies() const = 0;
  /// Like ReplyParser's.
  [[nodiscard]] virtual bool is_lost_at_end() { return false; }
  /// Whether the server may still speak when each request was answered, as HELP's further lines.
  [[nodiscard]] virtual bool may_say_more() const = 0;
};

}  // namespace reactord::cli
