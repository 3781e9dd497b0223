// SPDX-License-Identifier: MIT
// A text with placeholders, as a configuration has it: parsed once when it is loaded, filled in for
// each message. Knows the placeholders, not who uses it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/schema.h"

namespace reactord {

/// A reply with placeholders in braces, parsed once, when the configuration is loaded. "{{" and
/// "}}" stand for the braces themselves.
class TextTemplate {
 public:
  enum class Placeholder : std::uint8_t {
    none,     ///< literal text
    message,  ///< the message
    bytes,    ///< its length in bytes
    peer,     ///< the client's address
  };
  struct Piece {
    Placeholder placeholder = Placeholder::none;
    std::string literal;
  };

  /// Long enough for a page of words.
  static constexpr std::size_t kMaxBytes = 4096;
  /// Each use multiplies the largest reply by the largest message (limits.max_frame).
  static constexpr std::size_t kMaxMessages = 4;

  /// A message of the largest frame in several places would cost the daemon its memory, and others
  /// their turn. {message} alone has no such limit: nothing has to be put together.
  static constexpr std::size_t kMaxFilledBytes = 1u << 20;

  /// "{message}": the message itself.
  TextTemplate();
  /// A text without placeholders or braces.
  explicit TextTemplate(std::string_view literal);

  /// Returns the problem, or "" after filling `out`.
  [[nodiscard]] static std::string parse(std::string_view source, TextTemplate& out);

  [[nodiscard]] const std::string& source() const { return source_; }
  /// Appends it to `out`, filled in. `peer` may be empty unless names_peer().
  void fill_in(std::string_view message, std::string_view peer, std::string& out) const;
  [[nodiscard]] bool names_peer() const;
  /// What fill_in() appends at most, beside addresses and lengths.
  [[nodiscard]] std::size_t most_bytes(std::string_view message) const;
  /// True for "{message}": nothing has to be put together.
  [[nodiscard]] bool is_message_alone() const {
    return pieces_.size() == 1 && pieces_[0].placeholder == Placeholder::message;
  }

 private:
  std::string source_;
  std::vector<Piece> pieces_;
};

template <>
struct ValueTraits<TextTemplate> {
  static constexpr std::string_view kName = "template";
  static std::string parse(const ConfigValue& value, const ValueRange& range, TextTemplate& out);
  static ConfigValue show(const TextTemplate& value) { return value.source(); }
};

}  // namespace reactord
