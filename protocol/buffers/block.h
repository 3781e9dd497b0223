// SPDX-License-Identifier: MIT
// The memory of one Buffer. It grows by realloc(3), which moves the pages of a large block and not
// its bytes: a copy of megabytes would be a turn of the loop by itself.
#pragma once

#include <cstddef>
#include <memory>

namespace reactord {

/// `block`, or a new one where it is null, with room for `bytes`, which is not 0; its content is
/// kept. Throws std::bad_alloc, and leaves `block` as it was. Both functions may be replaced by a
/// program's own, as operator new may: tests do it.
[[nodiscard]] char* resize_block(char* block, std::size_t bytes);
void free_block(char* block) noexcept;

struct FreeBlock {
  void operator()(char* block) const noexcept { free_block(block); }
};
using Block = std::unique_ptr<char[], FreeBlock>;

}  // namespace reactord
