// SPDX-License-Identifier: MIT
#include "tests/simulation/model/heap.h"

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>

#include "protocol/buffers/block.h"

namespace simulation {

/// Outside, until a daemon is begun with.
int OutsideOfDaemon::depth = 1;

namespace {

/// In front of each block.
struct alignas(std::max_align_t) Header {
  std::size_t bytes;
  int process;  ///< 0: outside of the daemon
};

/// What the daemon has freed: whoever still looks at it, or sends it, is found out.
constexpr int kPoison = 0xdd;

HeapUse use;
int process = 1;

void* allocate(std::size_t size) {
  while (true) {
    if (void* block = std::malloc(sizeof(Header) + size)) {
      auto* header = static_cast<Header*>(block);
      *header = {size, OutsideOfDaemon::depth == 0 ? process : 0};
      if (header->process != 0) {
        use.bytes += static_cast<std::int64_t>(size);
        ++use.blocks;
      }
      return header + 1;
    }
    const std::new_handler handler = std::get_new_handler();
    if (handler == nullptr) throw std::bad_alloc();
    handler();
  }
}

void release(void* block) noexcept {
  if (block == nullptr) return;
  Header* header = static_cast<Header*>(block) - 1;
  if (header->process != 0) std::memset(block, kPoison, header->bytes);
  if (header->process == process) {
    use.bytes -= static_cast<std::int64_t>(header->bytes);
    --use.blocks;
  }
  std::free(header);
}

/// Never where it was: whoever still looks there is found out.
void* resize(void* block, std::size_t size) {
  void* const resized = allocate(size);
  if (block == nullptr) return resized;
  const std::size_t before = (static_cast<Header*>(block) - 1)->bytes;
  std::memcpy(resized, block, before < size ? before : size);
  release(block);
  return resized;
}

}  // namespace

HeapUse heap_of_daemon() {
  return use;
}

void begin_heap_of_process() {
  ++process;
  use = {};
}

}  // namespace simulation

char* reactord::resize_block(char* block, std::size_t bytes) {
  return static_cast<char*>(simulation::resize(block, bytes));
}
void reactord::free_block(char* block) noexcept {
  simulation::release(block);
}

void* operator new(std::size_t size) {
  return simulation::allocate(size);
}
void* operator new[](std::size_t size) {
  return simulation::allocate(size);
}
void operator delete(void* block) noexcept {
  simulation::release(block);
}
void operator delete[](void* block) noexcept {
  simulation::release(block);
}
void operator delete(void* block, std::size_t) noexcept {
  simulation::release(block);
}
void operator delete[](void* block, std::size_t) noexcept {
  simulation::release(block);
}
