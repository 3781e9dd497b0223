// SPDX-License-Identifier: MIT
// Plain text functions around TOML: what must hold before a parser may see a text, and how a value
// is written. Knows no key and no parser.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "config/schema.h"
#include "config/text/problem.h"

namespace reactord {

[[nodiscard]] TextPosition position_of(std::string_view text, std::size_t offset);

/// The offset of the first byte that is not UTF-8 (RFC 3629: no overlong forms, no surrogates).
[[nodiscard]] std::optional<std::size_t> find_invalid_utf8(std::string_view text);

/// A key of more dotted parts is refused: "a.b.c" has three. The deepest of ours has three; toml++
/// makes a table of each part and frees them recursively, so a key of 100,000 parts would overflow
/// the stack.
inline constexpr std::size_t kMaxKeyParts = 32;

/// The offset at which a key exceeds kMaxKeyParts, quoted parts and table headers included.
[[nodiscard]] std::optional<std::size_t> find_too_deep_key(std::string_view toml);

/// A basic string with its quotes. Control characters, C1 ones included, are escaped.
[[nodiscard]] std::string toml_string(std::string_view text);

/// A value as a TOML file has it. Lists that are longer than a line have an item a line.
[[nodiscard]] std::string toml_value(const ConfigValue& value);

/// What a parser says of a text, which may repeat any of it: control characters are escaped, all
/// else stays.
[[nodiscard]] std::string on_one_line(std::string_view text);

/// `text` for a message: 'in quotes', control characters escaped, shortened to about 64 bytes.
[[nodiscard]] std::string shown(std::string_view text);

}  // namespace reactord
