// SPDX-License-Identifier: MIT
// Whether OpenSSL has got the memory that it asked for. It does not always say so: it goes on
// without what it takes for optional, such as a cipher, or our own data beside its objects.
#pragma once

#include <cstddef>

namespace reactord::tls {

/// As realloc(3); a block of no bytes is freed, and null. Weak: tests let it fail.
[[nodiscard]] void* resize_openssl_block(void* block, std::size_t bytes) noexcept;

/// Of this thread, since this was made. What OpenSSL has made in a time in which it has run short
/// is not to be used.
class MemoryWatch {
 public:
  MemoryWatch() noexcept;
  [[nodiscard]] bool has_run_short() const noexcept;

 private:
  unsigned refused_before_;
};

/// What is told of it: files that were read meanwhile may have seemed wrong, and are not.
inline constexpr const char* kOutOfMemory =
    "out of memory: whether anything is wrong with the certificates is not known; try again";

}  // namespace reactord::tls
