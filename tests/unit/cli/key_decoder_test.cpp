// SPDX-License-Identifier: MIT
// What terminals send for a key, of five kinds of them: each is one key for the editor, or none.
#include "tools/reactor-cli/terminal/key_decoder.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace {

using namespace reactord::cli;

/// All that comes of these bytes: keys as they are, pasted text in angle brackets.
std::string decoded(std::string_view bytes) {
  KeyDecoder decoder;
  std::string out;
  for (const char byte : bytes) {
    switch (decoder.feed(byte)) {
      case KeyDecoder::Result::nothing:
        break;
      case KeyDecoder::Result::bytes:
      case KeyDecoder::Result::key:
        out += decoder.take_bytes();
        break;
      case KeyDecoder::Result::pasted:
        out += '<' + decoder.take_pasted() + '>';
        break;
    }
  }
  return out;
}

struct KeyRow {
  std::string_view bytes;
  std::string_view key;
};

constexpr KeyRow kKeys[] = {
    // arrows: cursor and application mode
    {"\x1b[A", keys::kUp},
    {"\x1bOA", keys::kUp},
    {"\x1b[B", keys::kDown},
    {"\x1bOB", keys::kDown},
    {"\x1b[C", keys::kRight},
    {"\x1bOC", keys::kRight},
    {"\x1b[D", keys::kLeft},
    {"\x1bOD", keys::kLeft},
    // with Shift, Alt, Control; xterm, screen and tmux
    {"\x1b[1;2D", keys::kWordLeft},
    {"\x1b[1;3D", keys::kWordLeft},
    {"\x1b[1;5D", keys::kWordLeft},
    {"\x1b[1;2C", keys::kWordRight},
    {"\x1b[1;3C", keys::kWordRight},
    {"\x1b[1;5C", keys::kWordRight},
    {"\x1b[1;8C", keys::kWordRight},
    {"\x1b[1;5A", keys::kUp},
    {"\x1b[1;2B", keys::kDown},
    // rxvt
    {"\x1bOd", keys::kWordLeft},
    {"\x1bOc", keys::kWordRight},
    {"\x1b[d", keys::kWordLeft},
    {"\x1b[c", keys::kWordRight},
    {"\x1b\x1b[D", keys::kWordLeft},
    {"\x1b\x1bOC", keys::kWordRight},
    {"\x1bOa", keys::kUp},
    {"\x1b[b", keys::kDown},
    // Home and End
    {"\x1b[H", keys::kHome},
    {"\x1bOH", keys::kHome},
    {"\x1b[1~", keys::kHome},
    {"\x1b[7~", keys::kHome},
    {"\x1b[1;5H", keys::kHome},
    {"\x1b[7^", keys::kHome},
    {"\x1b[F", keys::kEnd},
    {"\x1bOF", keys::kEnd},
    {"\x1b[4~", keys::kEnd},
    {"\x1b[8~", keys::kEnd},
    {"\x1b[1;2F", keys::kEnd},
    {"\x1b[8$", keys::kEnd},
    // Delete
    {"\x1b[3~", keys::kDelete},
    {"\x1b[3;2~", keys::kDelete},
    {"\x1b[3$", keys::kDelete},
    {"\x1b[3;5~", keys::kDeleteWord},
    {"\x1b[3;3~", keys::kDeleteWord},
    {"\x1b[3^", keys::kDeleteWord},
    {"\x1b[3@", keys::kDeleteWord},
    {"\x1b\x1b[3~", keys::kDeleteWord},
    // Alt and a key is the editor's
    {"\x1b"
     "b",
     "\x1b"
     "b"},
    {"\x1b"
     "d",
     "\x1b"
     "d"},
    {"\x1b\x7f", "\x1b\x7f"},
    {"\x1b\x08", "\x1b\x08"},
    // no key of the editor: page keys, Insert, function keys
    {"\x1b[5~", ""},
    {"\x1b[6;5~", ""},
    {"\x1b[2~", ""},
    {"\x1bOP", ""},
    {"\x1b[15~", ""},
    {"\x1b[15;2~", ""},
    {"\x1b[1;5P", ""},
    {"\x1b[[A", ""},
    {"\x1b[24^", ""},
    {"\x1b[Z", ""},
    {"\x1b[E", ""},
    // reports: focus, mouse, cursor, modes, kinds of terminals; other encodings of keys
    {"\x1b[I", ""},
    {"\x1b[O", ""},
    {"\x1b[M !!", ""},
    {"\x1b[<0;10;20M", ""},
    {"\x1b[<0;10;20m", ""},
    {"\x1b[32;10;20M", ""},
    {"\x1b[12;40R", ""},
    {"\x1b[?2004;1$y", ""},
    {"\x1b[?1;2c", ""},
    {"\x1b[>41;354;0c", ""},
    {"\x1b[97;5u", ""},
    {"\x1b[27;5;9~", ""},
    // characters
    {"a", "a"},
    {"\xc3\xa9", "\xc3\xa9"},
    {"\r", "\r"},
    {"\t", "\t"},
};

TEST_CASE("a key is one key, whichever terminal sends it, and leaves nothing in the line") {
  for (const KeyRow& row : kKeys) {
    CAPTURE(row.bytes);
    CHECK_EQ(decoded(row.bytes), row.key);
    CHECK_EQ(decoded("x" + std::string(row.bytes) + "y"), "x" + std::string(row.key) + "y");
  }
}

TEST_CASE("a control character ends a sequence that was begun, and is itself") {
  CHECK_EQ(decoded("\x1b[1;\rx"), "\rx");
  CHECK_EQ(decoded("\x1bO\x03x"), "\x03x");
  CHECK_EQ(decoded("\x1b[[\rx"), "\rx");
  CHECK_EQ(decoded("\x1b[1\x1b[Dx"), std::string(keys::kLeft) + "x");
  CHECK_EQ(decoded("\x1bO\x1b[Dx"), std::string(keys::kLeft) + "x");
}

TEST_CASE("a sequence without end is given up") {
  CHECK_EQ(decoded("\x1b[" + std::string(65, '1') + "x"), "x");
}

TEST_CASE("a pasted text is text: lines, tabs and nothing that acts") {
  CHECK_EQ(decoded("\x1b[200~ping\x1b[201~"), "<ping>");
  CHECK_EQ(decoded("a\x1b[200~one\rtwo\r\nthree\n\x1b[201~b"), "a<one\ntwo\nthree>b");
  CHECK_EQ(decoded("\x1b[200~a\tb\x1b[Dc\x03\x04\x1b[201~"), "<a\tb[Dc>");
  CHECK_EQ(decoded("\x1b[200~\x1b[201~x"), "<>x");
  CHECK_EQ(decoded("\x1b[200~\x1b[201\x1b[201~x"), "<[201>x");
}

TEST_CASE("an escape character alone is known, for who waits no longer") {
  KeyDecoder decoder;
  CHECK_FALSE(decoder.is_lone_escape());
  CHECK(decoder.feed('\x1b') == KeyDecoder::Result::nothing);
  CHECK(decoder.is_lone_escape());
  CHECK_EQ(decoder.take_lone_escape(), "\x1b");
  CHECK(decoder.feed('b') == KeyDecoder::Result::bytes);
  CHECK_EQ(decoder.take_bytes(), "b");
}

}  // namespace
