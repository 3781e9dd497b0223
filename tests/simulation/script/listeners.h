// SPDX-License-Identifier: MIT
// Where clients connect to: what the daemon's configuration says of it.
#pragma once

#include <cstdint>
#include <string_view>

namespace simulation {

/// In every script; client.cpp has their places.
inline constexpr std::string_view kListenersOfAll = R"([[listener]]
name = "commands"
address = ["127.0.0.1:12345", "unix:/run/reactord.sock"]

[[listener]]
name = "lines"
framing = "line"
handler = "text"
address = "127.0.0.1:12346"

[[listener]]
name = "chunks"
framing = "raw"
handler = "ceil"
address = "127.0.0.1:12347"

[[listener]]
name = "admin"
role = "admin"
address = "127.0.0.1:12348"
)";

inline constexpr std::uint16_t kHttpPort = 12349;
inline constexpr std::uint16_t kLoginPort = 12350;
inline constexpr std::uint16_t kProxiedPort = 12351;

/// Of a listener that only some scripts have; empty where there is none of that name.
[[nodiscard]] std::string_view listener_text(std::string_view name);

}  // namespace simulation
