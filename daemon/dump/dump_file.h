// SPDX-License-Identifier: MIT
// A dump on the disk: whole or not there, readable by the daemon's user alone, and not more than a
// few of them. Blocks; knows nothing of what is in it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace reactord {

/// Where a service is to leave files, the first of those that are set (systemd.exec(5)):
/// $LOGS_DIRECTORY, $STATE_DIRECTORY, $RUNTIME_DIRECTORY; without a service manager $TMPDIR, or
/// /tmp. Where a variable names several folders, the first of them.
[[nodiscard]] std::string dump_folder();

/// So many stay: reactord-dump.1.json is the newest.
inline constexpr int kMaxDumps = 8;
[[nodiscard]] std::string dump_path(std::string_view folder, int age);

/// As dump_path(folder, 1), once the others have moved on. The problem, or "".
[[nodiscard]] std::string write_dump(std::string_view folder, std::string_view text);

}  // namespace reactord
