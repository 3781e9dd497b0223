// SPDX-License-Identifier: MIT
// The page itself: one document without a request to anywhere but /api/... of where it came from.
// Made of page.html, page.css and the scripts by CMake.
#pragma once

#include <string>
#include <string_view>

namespace reactord {

[[nodiscard]] std::string_view page_html();
/// Its Content-Security-Policy: its own style and script by their hashes, and no others.
[[nodiscard]] const std::string& page_policy();

}  // namespace reactord
