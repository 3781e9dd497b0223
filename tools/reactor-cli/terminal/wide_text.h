// SPDX-License-Identifier: MIT
// Between bytes and libedit's wide characters, by the locale.
#pragma once

#include <string>
#include <string_view>

namespace reactord::cli {

/// What cannot be converted is left out: libedit's own conversion would end the program.
[[nodiscard]] std::string narrow(std::wstring_view text);
[[nodiscard]] std::wstring widen(std::string_view text);

}  // namespace reactord::cli
