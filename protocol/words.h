// SPDX-License-Identifier: MIT
// How single words of a request are read: without regard to case, and as strict integers. Knows no
// command.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace reactord {

/// Equal but for the case of ASCII letters.
[[nodiscard]] bool same_word(std::string_view a, std::string_view b);

[[nodiscard]] std::string lower_case(std::string_view text);
[[nodiscard]] std::string upper_case(std::string_view text);

/// The integer that `text` is, all of it, as Redis reads one (string2ll in util.c): no '+', no
/// blanks, no leading zeros, no "-0".
[[nodiscard]] std::optional<std::int64_t> parse_integer(std::string_view text);

}  // namespace reactord
