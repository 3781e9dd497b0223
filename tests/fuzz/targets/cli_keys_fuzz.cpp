// SPDX-License-Identifier: MIT
// Whatever a terminal sends to the prompt: what is pasted is text of lines, without a key in it; a
// key is one of those that the editor has; and each escape sequence ends, so that text behind it is
// text.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "tests/fuzz/require.h"
#include "tools/reactor-cli/terminal/key_decoder.h"

namespace {

using reactord::cli::KeyDecoder;
using reactord::test::require;
using Result = KeyDecoder::Result;
namespace keys = reactord::cli::keys;

constexpr std::array kKeys{keys::kUp,        keys::kDown,      keys::kRight,  keys::kLeft,
                           keys::kEnd,       keys::kHome,      keys::kDelete, keys::kWordLeft,
                           keys::kWordRight, keys::kDeleteWord};

void check(KeyDecoder& decoder, Result result) {
  if (result == Result::key) {
    const std::string key = decoder.take_bytes();
    require(std::find(kKeys.begin(), kKeys.end(), key) != kKeys.end(), "a key that is none");
  } else if (result == Result::bytes) {
    const std::string bytes = decoder.take_bytes();
    require(!bytes.empty() && bytes.size() <= 2, "more of a character than there is");
  } else if (result == Result::pasted) {
    const std::string pasted = decoder.take_pasted();
    require(std::all_of(pasted.begin(), pasted.end(),
                        [](char c) {
                          return static_cast<unsigned char>(c) >= 0x20 ? c != 0x7f
                                                                       : c == '\n' || c == '\t';
                        }),
            "a key was pasted");
    require(!pasted.ends_with('\n'), "a paste is sent by itself");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  KeyDecoder decoder;
  for (std::size_t i = 0; i < size; ++i) check(decoder, decoder.feed(static_cast<char>(data[i])));
  if (decoder.is_lone_escape()) require(decoder.take_lone_escape() == "\x1b", "no escape");
  // The end of any sequence, a paste included; then text is text again.
  for (const char byte : std::string_view("~~~~\x1b[201~~~~~")) check(decoder, decoder.feed(byte));
  require(decoder.feed('a') == Result::bytes && decoder.take_bytes() == "a",
          "a sequence has no end");
  return 0;
}
