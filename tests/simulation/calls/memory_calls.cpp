// SPDX-License-Identifier: MIT
// memfd_create(2), mmap(2): memory with a descriptor.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "tests/simulation/calls/call.h"
#include "tests/simulation/calls/real_memory.h"
#include "tests/simulation/kernel/memory_file.h"

using namespace simulation;

extern "C" {

int memfd_create(const char* name, unsigned int flags) noexcept {
  SIMULATION_REAL(memfd_create);
  if (!is_simulated()) return real_memfd_create(name, flags);
  return simulate<int>("memfd_create", flags, [](Kernel& kernel) -> long {
    if (kernel.happens(kernel.faults.memory_fails))
      return kernel.random().chance(50) ? -ENFILE : -ENOMEM;
    return kernel.process().descriptors.add(std::make_shared<MemoryFile>());
  });
}

int ftruncate(int fd, off_t size) noexcept {
  SIMULATION_REAL(ftruncate);
  if (!is_simulated()) return real_ftruncate(fd, size);
  return simulate<int>("ftruncate", fd, [&](Kernel& kernel) -> long {
    auto* file = kernel.process().descriptors.find_as<MemoryFile>(fd);
    return file == nullptr ? -EINVAL : file->resize(static_cast<std::size_t>(size));
  });
}

ssize_t pread(int fd, void* into, size_t size, off_t at) {
  SIMULATION_REAL(pread);
  if (!is_simulated()) return real_pread(fd, into, size, at);
  return simulate_interruptible<ssize_t>("pread", fd, [&](Kernel& kernel) -> long {
    const auto* file = kernel.process().descriptors.find_as<MemoryFile>(fd);
    if (file == nullptr) return -ESPIPE;
    return file->read_at(static_cast<char*>(into), size, static_cast<std::size_t>(at));
  });
}

/// Of the C library's own, and of what is no file of the simulation's, Linux is asked.
void* mmap(void* where, size_t size, int protection, int flags, int fd, off_t at) noexcept {
  SIMULATION_REAL(mmap);
  const bool is_ours = is_simulated() && (flags & MAP_ANONYMOUS) == 0;
  if (!is_ours) return real_mmap(where, size, protection, flags, fd, at);
  return reinterpret_cast<void*>(simulate<long>("mmap", fd, [&](Kernel& kernel) -> long {
    Process& process = kernel.process();
    const auto file = std::dynamic_pointer_cast<MemoryFile>(process.descriptors.share(fd));
    if (file == nullptr) return -EACCES;
    if (size > file->size() || at != 0) return -EINVAL;
    process.maps.push_back(file);
    return reinterpret_cast<long>(file->data());
  }));
}

int munmap(void* place, size_t size) noexcept {
  SIMULATION_REAL(munmap);
  if (!is_simulated()) return real_munmap(place, size);
  const OutsideOfDaemon outside;
  auto& maps = Kernel::active()->process().maps;
  const auto found = std::ranges::find(maps, place, &MemoryFile::data);
  if (found == maps.end()) return real_munmap(place, size);
  maps.erase(found);
  return 0;
}

int madvise(void* place, size_t size, int advice) noexcept {
  SIMULATION_REAL(madvise);
  return is_simulated() ? 0 : real_madvise(place, size, advice);
}

}  // extern "C"

namespace simulation {

char* map_really(std::size_t bytes) {
  SIMULATION_REAL(mmap);
  void* const place = real_mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return place == MAP_FAILED ? nullptr : static_cast<char*>(place);
}

void unmap_really(char* place, std::size_t bytes) {
  SIMULATION_REAL(munmap);
  (void)real_munmap(place, bytes);
}

}  // namespace simulation
