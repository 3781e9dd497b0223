// SPDX-License-Identifier: MIT
#include "tests/simulation/kernel/descriptors.h"

#include <utility>

namespace simulation {

long Descriptors::add(std::shared_ptr<OpenFile> file, int least) {
  auto number = static_cast<std::size_t>(least);
  while (number < files_.size() && files_[number] != nullptr) ++number;
  if (number >= limit.rlim_cur) return -EMFILE;
  if (number >= files_.size()) files_.resize(number + 1);
  file->add_descriptor();
  files_[number] = std::move(file);
  ++count_;
  return static_cast<long>(number);
}

long Descriptors::close(int fd) {
  if (!is_open(fd)) return -EBADF;
  const std::shared_ptr<OpenFile> file = std::move(files_[static_cast<std::size_t>(fd)]);
  --count_;
  file->remove_descriptor();
  return 0;
}

void Descriptors::close_all() {
  for (std::size_t fd = 0; fd < files_.size(); ++fd) (void)close(static_cast<int>(fd));
}

}  // namespace simulation
