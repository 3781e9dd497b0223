// SPDX-License-Identifier: MIT
#include "daemon/tls/openssl.h"

#include <openssl/crypto.h>
#include <openssl/err.h>

#include <cstring>
#include <new>

#include "protocol/buffers/block.h"

namespace reactord::tls {

namespace {

thread_local unsigned refused = 0;  ///< allocations that failed

void* reallocate(void* block, std::size_t bytes, const char*, int) noexcept {
  try {
    if (bytes > 0) return resize_block(static_cast<char*>(block), bytes);
    free_block(static_cast<char*>(block));
  } catch (const std::bad_alloc&) {
    ++refused;
  }
  return nullptr;
}

void* allocate(std::size_t bytes, const char* file, int line) noexcept {
  return reallocate(nullptr, bytes, file, line);
}

void free_memory(void* block, const char*, int) noexcept {
  free_block(static_cast<char*>(block));
}

/// Before OpenSSL has asked for any memory, or it keeps to malloc(3); then nothing is counted.
[[maybe_unused]] const int is_watched = CRYPTO_set_mem_functions(allocate, reallocate, free_memory);

}  // namespace

MemoryWatch::MemoryWatch() noexcept : refused_before_(refused) {}

bool MemoryWatch::has_run_short() const noexcept {
  return refused != refused_before_;
}

/// The last entry is the one nearest to the caller, and the first the one nearest to the fault.
std::string take_error() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return {};
  if (ERR_SYSTEM_ERROR(code)) return std::strerror(ERR_GET_REASON(code));
  const char* const reason = ERR_reason_error_string(code);
  return reason == nullptr ? std::string() : reason;
}

}  // namespace reactord::tls
