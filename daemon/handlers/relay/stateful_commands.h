// SPDX-License-Identifier: MIT
// Requests that leave something behind on the connection that they are sent over, or hold it up:
// over one that many clients share they would change what others get.
#pragma once

#include <span>
#include <string_view>

namespace reactord {

/// By its name alone.
[[nodiscard]] bool is_stateful_command(std::string_view name);
/// Others that wait by their arguments: XREAD and XREADGROUP with BLOCK.
[[nodiscard]] bool is_blocking_request(std::span<const std::string_view> words);

}  // namespace reactord
