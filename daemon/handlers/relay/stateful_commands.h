// SPDX-License-Identifier: MIT
// Requests that leave something behind on the connection that they are sent over, or hold it up:
// over one that many clients share they would change what others get.
#pragma once

#include <span>
#include <string_view>

namespace reactord {

/// By its name alone.
[[nodiscard]] bool is_stateful_command(std::string_view name);
/// By its arguments, too: XREAD waits only with BLOCK.
[[nodiscard]] bool is_stateful_request(std::span<const std::string_view> words);

}  // namespace reactord
