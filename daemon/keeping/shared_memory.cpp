// SPDX-License-Identifier: MIT
#include "daemon/keeping/shared_memory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace reactord {

namespace {

/// Without them a map of it could end in the middle, which is SIGBUS.
constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

std::string failed(std::string_view call) {
  return fmt::format("{}: {}", call, std::strerror(errno));
}

}  // namespace

std::string SharedMemory::create(std::size_t bytes) {
  close();
  fd_ = UniqueFd(::memfd_create("reactord-kept", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd_) return failed("memfd_create");
  if (::ftruncate(fd_.get(), static_cast<::off_t>(bytes)) != 0) return failed("ftruncate");
  if (::fcntl(fd_.get(), F_ADD_SEALS, kSeals) != 0) return failed("fcntl of a memfd's seals");
  size_ = bytes;
  return map(PROT_READ | PROT_WRITE);
}

std::string SharedMemory::open(UniqueFd fd) {
  close();
  fd_ = std::move(fd);
  struct stat about {};
  if (::fstat(fd_.get(), &about) != 0) return failed("fstat");
  const int seals = ::fcntl(fd_.get(), F_GET_SEALS);
  if (seals < 0 || (seals & F_SEAL_SHRINK) == 0 || about.st_size <= 0)
    return "its table is no memory that reactord has sealed";
  size_ = static_cast<std::size_t>(about.st_size);
  return map(PROT_READ);
}

std::string SharedMemory::map(int protection) {
  void* const place = ::mmap(nullptr, size_, protection, MAP_SHARED, fd_.get(), 0);
  if (place == MAP_FAILED) return failed("mmap");
  data_ = static_cast<char*>(place);
  // A core file would have all of it, also what was never written.
  (void)::madvise(data_, size_, MADV_DONTDUMP);
  return {};
}

void SharedMemory::close() noexcept {
  if (data_ != nullptr) (void)::munmap(data_, size_);
  data_ = nullptr;
  size_ = 0;
  fd_.reset();
}

}  // namespace reactord
