// SPDX-License-Identifier: MIT
// From what a terminal sends to what the line editor has bindings for. Terminals send one key in
// many ways (ECMA-48 CSI and SS3 sequences, with xterm's modifiers or rxvt's endings); each becomes
// one of a few, and what is no key for the editor (focus and mouse reports, function keys) becomes
// nothing: no key inserts the rest of its sequence. A bracketed paste becomes its text. Knows no
// terminal and no editor: bytes in, bytes out.
//
//   plain --ESC--> escape --[--> csi --final byte--> plain      csi --M--> mouse (3 bytes)
//                    |  |------O--> ss3 --one byte--> plain     csi --200~--> paste --ESC[201~-->
//                    plain
//                    +--other--> plain (Alt and a key)
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace reactord::cli {

/// What the editor is given for a key, and has bound: a control character of C1, which nobody
/// types. One character, not a sequence: in vi's mode the escape character is a key.
namespace keys {
inline constexpr std::string_view kUp = "\x90";
inline constexpr std::string_view kDown = "\x91";
inline constexpr std::string_view kRight = "\x92";
inline constexpr std::string_view kLeft = "\x93";
inline constexpr std::string_view kEnd = "\x94";
inline constexpr std::string_view kHome = "\x95";
inline constexpr std::string_view kDelete = "\x96";
inline constexpr std::string_view kWordLeft = "\x97";
inline constexpr std::string_view kWordRight = "\x98";
inline constexpr std::string_view kDeleteWord = "\x99";
}  // namespace keys

class KeyDecoder {
 public:
  enum class Result : std::uint8_t {
    nothing,  ///< more is to come, or it was no key
    bytes,    ///< take_bytes(): of a character one, of a key with Alt two
    key,      ///< take_bytes(): one of `keys`
    pasted,   ///< take_pasted()
  };

  [[nodiscard]] Result feed(char byte);

  [[nodiscard]] std::string take_bytes();
  /// The text, with '\n' for its line ends and without one at its end. Nothing in it is a key: what
  /// else is a control character is left out.
  [[nodiscard]] std::string take_pasted();

  /// An escape character alone, so far: a key by itself where nothing follows (in vi's mode).
  [[nodiscard]] bool is_lone_escape() const { return state_ == State::escape && escapes_ == 1; }
  /// It was a key.
  [[nodiscard]] std::string take_lone_escape();

 private:
  enum class State : std::uint8_t { plain, escape, csi, linux_function, ss3, mouse, paste };

  Result plain(char byte);
  Result escape(char byte);
  Result csi(char byte);
  Result csi_final(char final);
  Result paste(char byte);
  Result give(std::string_view bytes);
  Result give_key(std::string_view key);
  Result drop();

  State state_ = State::plain;
  int escapes_ = 0;         ///< rxvt puts one more in front of a key with Alt
  int mouse_missing_ = 0;   ///< bytes of a report to come
  std::string parameters_;  ///< of a CSI
  std::string bytes_;
  std::string pasted_;
};

}  // namespace reactord::cli
