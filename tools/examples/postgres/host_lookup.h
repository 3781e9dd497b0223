// SPDX-License-Identifier: MIT
// libpq looks a host's name up where it connects, and waits for the answer. So the name is looked
// up before, on one of the workers' threads, and libpq is given the address.
#pragma once

#include <optional>
#include <string>

namespace users {

/// The host of a connection string that has to be looked up; nothing where it is an address, a
/// socket's folder, or the default. Throws std::invalid_argument: the string cannot be read, or
/// names several hosts.
[[nodiscard]] std::optional<std::string> host_to_look_up(const std::string& conninfo);

/// Its address, as text. Waits; throws std::runtime_error.
[[nodiscard]] std::string look_up(const std::string& host);

}  // namespace users
