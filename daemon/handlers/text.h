// SPDX-License-Identifier: MIT
// The settings of TEXT: how its replies are made and at which level its messages are logged. The
// command itself is in text.cpp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/schema.h"
#include "daemon/handlers/handler.h"

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

  /// "{message}": the message itself.
  TextTemplate();

  /// Returns the problem, or "" after filling `out`.
  [[nodiscard]] static std::string parse(std::string_view source, TextTemplate& out);

  [[nodiscard]] const std::string& source() const { return source_; }
  [[nodiscard]] const std::vector<Piece>& pieces() const { return pieces_; }
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

enum class TextMode : std::uint8_t {
  text_template,  ///< answer from TextSettings::reply
};
template <>
struct EnumWords<TextMode> {
  static constexpr std::array kWords{EnumWord<TextMode>{"template", TextMode::text_template}};
};

template <>
struct EnumWords<HandlerLogLevel> {
  static constexpr std::array kWords{
      EnumWord<HandlerLogLevel>{"off", HandlerLogLevel::off},
      EnumWord<HandlerLogLevel>{"debug", HandlerLogLevel::debug},
      EnumWord<HandlerLogLevel>{"info", HandlerLogLevel::info},
      EnumWord<HandlerLogLevel>{"warning", HandlerLogLevel::warning}};
};

struct TextSettings {
  TextMode mode = TextMode::text_template;
  TextTemplate reply;
  HandlerLogLevel log_level = HandlerLogLevel::info;
};

}  // namespace reactord
