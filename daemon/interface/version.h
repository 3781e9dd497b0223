// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace reactord {

/// From the build: project(VERSION) in the top CMakeLists.txt.
inline constexpr std::string_view kVersion = REACTORD_VERSION;

}  // namespace reactord
