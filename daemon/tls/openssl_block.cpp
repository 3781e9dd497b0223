// SPDX-License-Identifier: MIT
// Not beside whoever calls it, where the compiler would take this one for the only one.
#include <cstdlib>

#include "daemon/tls/openssl_memory.h"

namespace reactord::tls {

[[gnu::weak]] void* resize_openssl_block(void* block, std::size_t bytes) noexcept {
  if (bytes > 0) return std::realloc(block, bytes);
  std::free(block);
  return nullptr;
}

}  // namespace reactord::tls
