// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/terminal/wide_text.h"

#include <array>
#include <climits>
#include <cwchar>

namespace reactord::cli {

std::string narrow(std::wstring_view text) {
  std::string out;
  std::mbstate_t state{};
  std::array<char, MB_LEN_MAX> bytes{};
  for (const wchar_t c : text) {
    const std::size_t count = std::wcrtomb(bytes.data(), c, &state);
    if (count != static_cast<std::size_t>(-1)) out.append(bytes.data(), count);
  }
  return out;
}

std::wstring widen(std::string_view text) {
  std::wstring out;
  std::mbstate_t state{};
  while (!text.empty()) {
    wchar_t c = 0;
    const std::size_t bytes = std::mbrtowc(&c, text.data(), text.size(), &state);
    const bool is_character = bytes > 0 && bytes <= text.size();
    if (is_character) out += c;
    if (!is_character) state = {};
    text.remove_prefix(is_character ? bytes : 1);
  }
  return out;
}

}  // namespace reactord::cli
