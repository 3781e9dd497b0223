// SPDX-License-Identifier: MIT
// SHA-256 (FIPS 180-4), for tokens that are too long to be guessed.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace reactord {

using Sha256Digest = std::array<std::uint8_t, 32>;

/// OpenSSL's, which wipes what it has worked with. Throws std::bad_alloc.
[[nodiscard]] Sha256Digest sha256(std::string_view text);

}  // namespace reactord
