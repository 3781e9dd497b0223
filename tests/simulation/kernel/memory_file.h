// SPDX-License-Identifier: MIT
// memfd_create(2): a file that is memory, and outlives whoever made it. Whoever maps it sees the
// same bytes at the same place, in whatever process: the machine has one address space.
#pragma once

#include <cstddef>

#include "tests/simulation/kernel/open_file.h"

namespace simulation {

class MemoryFile final : public OpenFile {
 public:
  ~MemoryFile() override;

  [[nodiscard]] std::uint32_t poll() override { return EPOLLIN | EPOLLOUT; }
  [[nodiscard]] long write(const char* bytes, std::size_t size) override;
  [[nodiscard]] long read_at(char* into, std::size_t size, std::size_t at) const;
  [[nodiscard]] long resize(std::size_t size);
  [[nodiscard]] std::size_t size() const { return size_; }
  /// Where it is mapped; null while it has no bytes.
  [[nodiscard]] char* data() const { return data_; }

  int seals = 0;

 private:
  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t written_ = 0;  ///< where the next write(2) goes
};

}  // namespace simulation
