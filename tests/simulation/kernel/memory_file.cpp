// SPDX-License-Identifier: MIT
#include "tests/simulation/kernel/memory_file.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "tests/simulation/calls/real_memory.h"

namespace simulation {

MemoryFile::~MemoryFile() {
  if (data_ != nullptr) unmap_really(data_, size_);
}

/// In place of what was there: pages that nobody touches cost nothing.
long MemoryFile::resize(std::size_t size) {
  if ((seals & (F_SEAL_SHRINK | F_SEAL_GROW)) != 0) return -EPERM;
  char* const place = size == 0 ? nullptr : map_really(size);
  if (size > 0 && place == nullptr) return -ENOMEM;
  if (place != nullptr && data_ != nullptr) std::memcpy(place, data_, std::min(size, size_));
  if (data_ != nullptr) unmap_really(data_, size_);
  data_ = place;
  size_ = size;
  return 0;
}

long MemoryFile::write(const char* bytes, std::size_t size) {
  if (size == 0) return 0;
  if (const long problem = resize(std::max(size_, written_ + size)); problem != 0) return problem;
  std::memcpy(data_ + written_, bytes, size);
  written_ += size;
  return static_cast<long>(size);
}

long MemoryFile::read_at(char* into, std::size_t size, std::size_t at) const {
  const std::size_t n = std::min(size, size_ - std::min(at, size_));
  if (n > 0) std::memcpy(into, data_ + at, n);
  return static_cast<long>(n);
}

}  // namespace simulation
