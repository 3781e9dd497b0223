// SPDX-License-Identifier: MIT
#include "tests/unit/support/failing_allocations.h"

#include <atomic>
#include <cstdlib>
#include <new>
#include <thread>

#include "daemon/tls/openssl_memory.h"
#include "protocol/buffers/block.h"

namespace {

constexpr long kNever = -1;

std::atomic<std::thread::id> failing_thread{};  ///< none at first
std::atomic<long> countdown{kNever};            ///< allocations until one fails
std::atomic<bool> fails_on{false};
std::atomic<bool> has_failed{false};

bool must_fail() {
  if (countdown.load() == kNever || failing_thread.load() != std::this_thread::get_id())
    return false;
  if (countdown.load() > 1) {
    --countdown;
    return false;
  }
  has_failed = true;
  if (!fails_on) countdown = kNever;
  return true;
}

template <class Take>
void* take(Take&& take_memory) {
  if (must_fail()) throw std::bad_alloc();
  while (true) {
    if (void* const memory = take_memory()) return memory;
    const std::new_handler handler = std::get_new_handler();
    if (handler == nullptr) throw std::bad_alloc();
    handler();
  }
}

void* allocate(std::size_t bytes, std::size_t alignment) {
  return take([=] {
    return alignment == 0
               ? std::malloc(bytes == 0 ? 1 : bytes)
               : std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  });
}

void* allocate_or_null(std::size_t bytes) noexcept {
  try {
    return allocate(bytes, 0);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

}  // namespace

namespace reactord::test {

void let_allocations_fail_here() {
  failing_thread = std::this_thread::get_id();
}

void fail_allocation(long nth, Failing how) {
  has_failed = false;
  fails_on = how == Failing::all_from_there;
  countdown = nth;
}

bool stop_failing() {
  countdown = kNever;
  return has_failed;
}

}  // namespace reactord::test

char* reactord::resize_block(char* block, std::size_t bytes) {
  return static_cast<char*>(take([=] { return std::realloc(block, bytes); }));
}
void reactord::free_block(char* block) noexcept {
  std::free(block);
}

void* reactord::tls::resize_openssl_block(void* block, std::size_t bytes) noexcept {
  if (bytes > 0) return must_fail() ? nullptr : std::realloc(block, bytes);
  std::free(block);
  return nullptr;
}

void* operator new(std::size_t bytes) {
  return allocate(bytes, 0);
}
void* operator new[](std::size_t bytes) {
  return allocate(bytes, 0);
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return allocate(bytes, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t bytes, std::align_val_t alignment) {
  return allocate(bytes, static_cast<std::size_t>(alignment));
}
// Those of the standard library would call the above, those of the sanitizers would not.
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return allocate_or_null(bytes);
}
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept {
  return allocate_or_null(bytes);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete[](void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}
