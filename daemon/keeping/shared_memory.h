// SPDX-License-Identifier: MIT
// Memory with a descriptor, which outlives the process that has written it: a memfd whose size is
// sealed, so that whoever maps it reads to its end. Pages that nobody has written cost nothing.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "daemon/reactor/unique_fd.h"

namespace reactord {

class SharedMemory {
 public:
  SharedMemory() = default;
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;
  ~SharedMemory() { close(); }

  /// New, filled with zeros; the problem, or "".
  [[nodiscard]] std::string create(std::size_t bytes);
  /// What another process has created, to be read; the problem, or "".
  [[nodiscard]] std::string open(UniqueFd fd);
  void close() noexcept;

  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] char* data() const { return data_; }
  [[nodiscard]] std::string_view bytes() const { return {data_, size_}; }

 private:
  [[nodiscard]] std::string map(int protection);

  UniqueFd fd_;
  char* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace reactord
