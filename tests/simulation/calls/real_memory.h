// SPDX-License-Identifier: MIT
// Memory of the machine that this runs on, where mmap(2) is simulated.
#pragma once

#include <cstddef>

namespace simulation {

/// Zeros, which cost nothing until they are touched; null where there is none.
[[nodiscard]] char* map_really(std::size_t bytes);
void unmap_really(char* place, std::size_t bytes);

}  // namespace simulation
