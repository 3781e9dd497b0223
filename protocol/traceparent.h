// SPDX-License-Identifier: MIT
// The W3C's trace context: which trace a request is part of, as its client knows it
// (https://www.w3.org/TR/trace-context/, section 3.2).
#pragma once

#include <cstddef>
#include <string_view>

namespace reactord {

/// "00-", 32 digits, "-", 16 digits, "-", 2 digits.
inline constexpr std::size_t kTraceparentBytes = 55;

/// Version 00, digits 0-9 and a-f, and neither of the two ids all zeros: what else comes is not
/// passed on.
[[nodiscard]] bool is_traceparent(std::string_view text);

}  // namespace reactord
