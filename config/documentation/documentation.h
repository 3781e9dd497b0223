// SPDX-License-Identifier: MIT
// What config/reactord.toml says about a key. The file is compiled in, so that what people read
// there and what --print-config tells them is written once. Knows no setting, and no more of TOML
// than the file uses.
#pragma once

#include <string_view>

namespace reactord {

/// config/reactord.toml as it was when the program was built.
extern const std::string_view kReactordToml;

/// The comment lines right above the key `path` ("limits.max_frame", "listener.framing",
/// "handlers.text.reply") in `toml`, each with its line end; "" where it has no such key. A key
/// that is an example ("# key = value") counts, also below a header that is one ("# [[table]]", "#
/// [table.table]").
[[nodiscard]] std::string_view comment_above(std::string_view path,
                                             std::string_view toml = kReactordToml);

}  // namespace reactord
