// SPDX-License-Identifier: MIT
// Files that somebody holds who has no descriptor for them: a message in a queue, the service
// manager. They stay open for as long (unix(7), SCM_RIGHTS).
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "tests/simulation/kernel/open_file.h"

namespace simulation {

class FilesOnTheirWay {
 public:
  FilesOnTheirWay() = default;
  explicit FilesOnTheirWay(std::vector<std::shared_ptr<OpenFile>> files)
      : files_(std::move(files)) {
    for (const std::shared_ptr<OpenFile>& file : files_) file->add_descriptor();
  }
  FilesOnTheirWay(FilesOnTheirWay&& other) noexcept : files_(std::exchange(other.files_, {})) {}
  FilesOnTheirWay& operator=(FilesOnTheirWay&& other) noexcept {
    std::swap(files_, other.files_);
    return *this;
  }
  FilesOnTheirWay(const FilesOnTheirWay&) = delete;
  FilesOnTheirWay& operator=(const FilesOnTheirWay&) = delete;
  ~FilesOnTheirWay() {
    for (const std::shared_ptr<OpenFile>& file : std::exchange(files_, {}))
      file->remove_descriptor();
  }

  [[nodiscard]] const std::vector<std::shared_ptr<OpenFile>>& all() const { return files_; }

 private:
  std::vector<std::shared_ptr<OpenFile>> files_;
};

}  // namespace simulation
