// SPDX-License-Identifier: MIT
// Single requests, as clients of all kinds send them.
#pragma once

#include <string>

#include "tests/simulation/kernel/random.h"

namespace simulation {

/// One whose reply is known to the byte.
[[nodiscard]] std::string exact_request(Random& random);
/// One of these, or one that is answered with an error, or by much.
[[nodiscard]] std::string any_request(Random& random);

}  // namespace simulation
