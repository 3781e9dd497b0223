// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace reactord {

/// From the build: project(VERSION) in the top CMakeLists.txt.
inline constexpr std::string_view kVersion = REACTORD_VERSION;
/// The commit that a package was built from; empty in other builds, which change between commits.
inline constexpr std::string_view kCommit = REACTORD_COMMIT;
/// As the compiler names itself.
#ifdef __clang__
inline constexpr std::string_view kCompiler = __VERSION__;
#else
inline constexpr std::string_view kCompiler = "g++ " __VERSION__;
#endif

}  // namespace reactord
