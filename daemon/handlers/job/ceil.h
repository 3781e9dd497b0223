// SPDX-License-Identifier: MIT
// Rounds a real number up to an integer, exactly: the decimal text itself is rounded, never a
// binary float. A pure function; the CEIL command around it is in ceil.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace reactord {

/// The most that max_digits may be.
inline constexpr std::size_t kMostCeilDigits = 1u << 20;

/// A longer text is not looked at: room for the longest result with a sign, a point, an exponent
/// and some blanks, and at most about a millisecond of work.
inline constexpr std::size_t kMaxCeilTextBytes = kMostCeilDigits + 1024;

enum class [[nodiscard]] CeilStatus : std::uint8_t{
    ok,
    not_a_number,     ///< the text is no decimal number
    text_too_long,    ///< longer than kMaxCeilTextBytes
    result_too_long,  ///< a number, but the result has more than max_digits digits
};

/// The least integer that is not below the number in `text`, as decimal digits, with a '-' where it
/// is negative; zero is "0", never "-0".
///
/// A number is an optional sign, digits with an optional point ("4", "4.", ".4", "4.40"), and an
/// optional exponent ("e3", "E-3"). Blanks around it (space, tab, CR, LF) are ignored. Takes time
/// linear in the text and in max_digits, whatever the exponent. `digits` is of no use unless the
/// status is ok; it is reused, so that a call allocates only for the longest result so far.
CeilStatus ceil_decimal(std::string_view text, std::size_t max_digits, std::string& digits);

}  // namespace reactord
