// SPDX-License-Identifier: MIT
#include "daemon/tls/openssl_memory.h"

#include <openssl/crypto.h>

#include <cstdlib>

namespace reactord::tls {

namespace {

thread_local unsigned refused = 0;  ///< allocations that failed

void* reallocate(void* block, std::size_t bytes, const char*, int) noexcept {
  void* const resized = resize_openssl_block(block, bytes);
  if (resized == nullptr && bytes > 0) ++refused;
  return resized;
}

void* allocate(std::size_t bytes, const char* file, int line) noexcept {
  return reallocate(nullptr, bytes, file, line);
}

void free_memory(void* block, const char*, int) noexcept {
  std::free(block);
}

/// Before OpenSSL has asked for any memory, or it keeps to malloc(3); then nothing is counted.
[[maybe_unused]] const int is_watched = CRYPTO_set_mem_functions(allocate, reallocate, free_memory);

}  // namespace

MemoryWatch::MemoryWatch() noexcept : refused_before_(refused) {}

bool MemoryWatch::has_run_short() const noexcept {
  return refused != refused_before_;
}

}  // namespace reactord::tls
