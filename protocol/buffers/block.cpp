// SPDX-License-Identifier: MIT
#include "protocol/buffers/block.h"

#include <cstdlib>
#include <new>

namespace reactord {

/// As operator new: whoever holds a reserve gives it away before anything fails.
[[gnu::weak]] char* resize_block(char* block, std::size_t bytes) {
  while (true) {
    if (void* const resized = std::realloc(block, bytes)) return static_cast<char*>(resized);
    const std::new_handler give_something_away = std::get_new_handler();
    if (give_something_away == nullptr) throw std::bad_alloc();
    give_something_away();
  }
}

[[gnu::weak]] void free_block(char* block) noexcept {
  std::free(block);
}

}  // namespace reactord
