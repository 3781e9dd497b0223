// SPDX-License-Identifier: MIT
// Why a connection could not be made, in words for whoever has to remove the cause.
#pragma once

#include <string>

namespace reactord::load {

/// `error` is an errno of connect(2).
[[nodiscard]] std::string connect_cause(int error);

}  // namespace reactord::load
