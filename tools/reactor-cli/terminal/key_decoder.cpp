// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/terminal/key_decoder.h"

#include <charconv>
#include <utility>

namespace reactord::cli {
namespace {

constexpr char kEscape = '\x1b';
constexpr std::string_view kPasteEnd = "\x1b[201~";
// More than any key or report has; beyond, it is no sequence, and typing must not vanish for ever.
constexpr std::size_t kMaxParameterBytes = 64;
constexpr int kMouseBytes = 3;  // button, column, row: "X10 compatibility mode" of xterm's ctlseqs

bool is_control(char byte) {
  return static_cast<unsigned char>(byte) < 0x20 || byte == '\x7f';
}

// Parameter and intermediate bytes of ECMA-48, 5.4.
bool is_parameter(char byte) {
  return byte >= 0x20 && byte <= 0x3f;
}

/// The number at this place of "1;5", from 0; `otherwise` where there is none.
int parameter(std::string_view parameters, int place, int otherwise) {
  for (; place > 0; --place) {
    const std::size_t semicolon = parameters.find(';');
    if (semicolon == std::string_view::npos) return otherwise;
    parameters.remove_prefix(semicolon + 1);
  }
  int number = otherwise;
  std::from_chars(parameters.data(), parameters.data() + parameters.size(), number);
  return number;
}

/// With Shift, Alt or Control: xterm's second parameter is 1 and a bit for each.
struct Modifiers {
  bool any = false;
  bool alt_or_control = false;
};

Modifiers modifiers_of(std::string_view parameters) {
  constexpr int kShift = 1;
  const int bits = parameter(parameters, 1, 1) - 1;
  return {bits > 0, (bits & ~kShift) > 0};
}

/// Keys that have a letter of their own, behind CSI or SS3. rxvt has small letters for arrows with
/// a modifier.
std::string_view letter_key(char letter, bool modified) {
  switch (letter) {
    case 'A':
    case 'a':
      return keys::kUp;
    case 'B':
    case 'b':
      return keys::kDown;
    case 'C':
      return modified ? keys::kWordRight : keys::kRight;
    case 'D':
      return modified ? keys::kWordLeft : keys::kLeft;
    case 'c':
      return keys::kWordRight;
    case 'd':
      return keys::kWordLeft;
    case 'F':
      return keys::kEnd;
    case 'H':
      return keys::kHome;
    default:
      return "";
  }
}

/// Keys that have a number, as the VT220's editing keypad has them: "3~".
std::string_view numbered_key(int number, bool alt_or_control) {
  switch (number) {
    case 1:
    case 7:
      return keys::kHome;
    case 4:
    case 8:
      return keys::kEnd;
    case 3:
      return alt_or_control ? keys::kDeleteWord : keys::kDelete;
    default:
      return "";
  }
}

/// As it is inserted: "\r\n" and "\r", which terminals send for a line's end, are "\n".
std::string as_text(std::string_view bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] == '\r') {
      if (i + 1 == bytes.size() || bytes[i + 1] != '\n') text += '\n';
    } else if (!is_control(bytes[i]) || bytes[i] == '\n' || bytes[i] == '\t') {
      text += bytes[i];
    }
  }
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

}  // namespace

KeyDecoder::Result KeyDecoder::feed(char byte) {
  switch (state_) {
    case State::plain:
      return plain(byte);
    case State::escape:
      return escape(byte);
    case State::csi:
      return csi(byte);
    case State::linux_function:  // ESC [ [ A is F1 of the Linux console
      return is_control(byte) ? plain(byte) : drop();
    case State::ss3:
      return is_control(byte) ? plain(byte) : give_key(letter_key(byte, escapes_ > 1));
    case State::mouse:
      return --mouse_missing_ > 0 ? Result::nothing : drop();
    case State::paste:
      return paste(byte);
  }
  return Result::nothing;
}

// A control character ends what was begun: Enter and Ctrl-C work whatever came before.
KeyDecoder::Result KeyDecoder::plain(char byte) {
  parameters_.clear();
  if (byte != kEscape) return give({&byte, 1});
  escapes_ = 1;
  state_ = State::escape;
  return Result::nothing;
}

KeyDecoder::Result KeyDecoder::escape(char byte) {
  switch (byte) {
    case kEscape:
      ++escapes_;
      return Result::nothing;
    case '[':
      state_ = State::csi;
      return Result::nothing;
    case 'O':
      state_ = State::ss3;
      return Result::nothing;
    default:
      break;
  }
  if ((static_cast<unsigned char>(byte) & 0x80) != 0) return give({&byte, 1});
  return give(std::string{kEscape, byte});
}

KeyDecoder::Result KeyDecoder::csi(char byte) {
  if (is_control(byte)) return plain(byte);
  const bool first = parameters_.empty();
  if (first && byte == '[') {
    state_ = State::linux_function;
    return Result::nothing;
  }
  if (first && byte == 'M') {
    state_ = State::mouse;
    mouse_missing_ = kMouseBytes;
    return Result::nothing;
  }
  // rxvt ends keys with Shift by '$', which elsewhere stands in front of a final byte.
  const bool rxvt_shift = byte == '$' && !first && parameters_[0] >= '0' && parameters_[0] <= '9';
  if (!is_parameter(byte) || rxvt_shift) return csi_final(byte);
  if (parameters_.size() == kMaxParameterBytes) return drop();
  parameters_ += byte;
  return Result::nothing;
}

KeyDecoder::Result KeyDecoder::csi_final(char final) {
  const std::string parameters = std::exchange(parameters_, {});
  const Modifiers with = modifiers_of(parameters);
  const bool alt = escapes_ > 1;
  const int number = parameter(parameters, 0, 0);
  switch (final) {
    case '~':
      if (number == 200) {
        state_ = State::paste;
        pasted_.clear();
        return Result::nothing;
      }
      return give_key(numbered_key(number, with.alt_or_control || alt));
    case '^':  // rxvt: with Control
    case '@':  // rxvt: with Control and Shift
      return give_key(numbered_key(number, true));
    case '$':
      return give_key(numbered_key(number, alt));
    default:
      // Reports begin with a private parameter: of the mouse "<", of modes "?".
      if (!parameters.empty() && (parameters[0] < '0' || parameters[0] > ';')) return drop();
      return give_key(letter_key(final, with.any || alt));
  }
}

KeyDecoder::Result KeyDecoder::paste(char byte) {
  pasted_ += byte;
  if (!pasted_.ends_with(kPasteEnd)) return Result::nothing;
  pasted_.resize(pasted_.size() - kPasteEnd.size());
  state_ = State::plain;
  return Result::pasted;
}

KeyDecoder::Result KeyDecoder::give(std::string_view bytes) {
  state_ = State::plain;
  bytes_ = bytes;
  return Result::bytes;
}

KeyDecoder::Result KeyDecoder::give_key(std::string_view key) {
  state_ = State::plain;
  bytes_ = key;
  return key.empty() ? Result::nothing : Result::key;
}

KeyDecoder::Result KeyDecoder::drop() {
  return give_key("");
}

std::string KeyDecoder::take_bytes() {
  return std::exchange(bytes_, {});
}

std::string KeyDecoder::take_pasted() {
  return as_text(std::exchange(pasted_, {}));
}

std::string KeyDecoder::take_lone_escape() {
  state_ = State::plain;
  return {kEscape};
}

}  // namespace reactord::cli
