// SPDX-License-Identifier: MIT
// The process's descriptors: the lowest free number is given out, up to RLIMIT_NOFILE (open(2)).
#pragma once

#include <sys/resource.h>

#include <memory>
#include <vector>

#include "tests/simulation/kernel/open_file.h"

namespace simulation {

class Descriptors {
 public:
  /// EMFILE where there is none left from `least` on.
  [[nodiscard]] long add(std::shared_ptr<OpenFile> file, int least = 0);
  [[nodiscard]] long close(int fd);
  void close_all();
  /// Null if it is not open.
  [[nodiscard]] OpenFile* find(int fd) const { return is_open(fd) ? at(fd).get() : nullptr; }
  template <class T>
  [[nodiscard]] T* find_as(int fd) const {
    return dynamic_cast<T*>(find(fd));
  }
  [[nodiscard]] std::shared_ptr<OpenFile> share(int fd) const {
    return is_open(fd) ? at(fd) : nullptr;
  }
  [[nodiscard]] int count() const { return count_; }
  template <class Visit>
  void for_each(const Visit& visit) const {
    for (const std::shared_ptr<OpenFile>& file : files_)
      if (file != nullptr) visit(*file);
  }

  rlimit limit{1024, 4096};

 private:
  [[nodiscard]] bool is_open(int fd) const {
    return fd >= 0 && static_cast<std::size_t>(fd) < files_.size() && at(fd) != nullptr;
  }
  [[nodiscard]] const std::shared_ptr<OpenFile>& at(int fd) const {
    return files_[static_cast<std::size_t>(fd)];
  }

  std::vector<std::shared_ptr<OpenFile>> files_;
  int count_ = 0;
};

}  // namespace simulation
