// SPDX-License-Identifier: MIT
#include "tests/simulation/kernel/threads.h"

#include <cxxabi.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include "tests/simulation/model/heap.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

namespace simulation {

namespace {

constexpr std::size_t kStackBytes = 256u << 10;

/// What belongs to a thread and not to its registers: errno, and the exceptions that it handles.
struct ThreadState {
  int error = 0;
  char exceptions[2 * sizeof(void*)] = {};

  void save() {
    error = errno;
    std::memcpy(exceptions, abi::__cxa_get_globals(), sizeof exceptions);
  }
  void restore() const {
    std::memcpy(static_cast<void*>(abi::__cxa_get_globals()), exceptions, sizeof exceptions);
    errno = error;
  }
};

/// Tells the sanitizer which stack is in use; nothing without it.
class StackSwitch {
 public:
  StackSwitch([[maybe_unused]] const void* bottom, [[maybe_unused]] std::size_t size) {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(&fake_, bottom, size);
#endif
  }
  void arrived([[maybe_unused]] const void** bottom, [[maybe_unused]] std::size_t* size) {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(fake_, bottom, size);
#endif
  }

 private:
  [[maybe_unused]] void* fake_ = nullptr;
};

const void* main_stack = nullptr;
std::size_t main_stack_size = 0;

}  // namespace

struct Threads::Fiber {
  pthread_t number = 0;
  void* (*function)(void*) = nullptr;
  void* argument = nullptr;
  std::unique_ptr<char[]> stack = std::make_unique_for_overwrite<char[]>(kStackBytes);
  ucontext_t context{};
  Predicate is_ready;
  Moment not_before{0};
  std::optional<Moment> deadline;
  bool has_ended = false;
  ThreadState state{};
};

Threads::Threads(Timeline& timeline, Random random) : timeline_(timeline), random_(random) {}

Threads::~Threads() = default;

Moment Threads::scheduling_delay() {
  if (random_.chance(3)) return std::chrono::microseconds(random_.between(1'000, 30'000));
  return std::chrono::microseconds(random_.between(0, 200));
}

pthread_t Threads::start(void* (*function)(void*), void* argument) {
  auto fiber = std::make_unique<Fiber>();
  fiber->number = fibers_.size() + 1;
  fiber->function = function;
  fiber->argument = argument;
  fiber->is_ready = [] { return true; };
  fiber->not_before = timeline_.now() + scheduling_delay();
  timeline_.at(fiber->not_before, [] {});
  ::getcontext(&fiber->context);
  fiber->context.uc_stack.ss_sp = fiber->stack.get();
  fiber->context.uc_stack.ss_size = kStackBytes;
  fiber->context.uc_link = nullptr;
  const auto self = reinterpret_cast<std::uintptr_t>(this);
  ::makecontext(&fiber->context, reinterpret_cast<void (*)()>(&Threads::enter), 2,
                static_cast<unsigned>(self >> 32), static_cast<unsigned>(self));
  fibers_.push_back(std::move(fiber));
  return fibers_.back()->number;
}

bool Threads::has_ended(pthread_t number) const {
  return fibers_[number - 1]->has_ended;
}

void Threads::drop_all() {
  waiters_.clear();
  for (const std::unique_ptr<Fiber>& fiber : fibers_) {
    fiber->has_ended = true;
    fiber->stack.reset();
  }
}

/// The first that a fiber runs, and the last.
void Threads::enter(unsigned high, unsigned low) {
  auto* self = reinterpret_cast<Threads*>((static_cast<std::uintptr_t>(high) << 32) | low);
  StackSwitch(nullptr, 0).arrived(&main_stack, &main_stack_size);
  Fiber& fiber = *self->running_;
  {
    const InsideOfDaemon inside;
    fiber.function(fiber.argument);
  }
  fiber.has_ended = true;
  self->leave_fiber();
}

void Threads::run(Fiber& fiber) {
  ThreadState mine;
  mine.save();
  running_ = &fiber;
  fiber.state.restore();
  StackSwitch to(fiber.stack.get(), kStackBytes);
  ::swapcontext(&main_, &fiber.context);
  to.arrived(nullptr, nullptr);
  running_ = nullptr;
  mine.restore();
  if (fiber.has_ended) fiber.stack.reset();
}

void Threads::leave_fiber() {
  Fiber& fiber = *running_;
  fiber.state.save();
  StackSwitch to(main_stack, main_stack_size);
  ::swapcontext(&fiber.context, &main_);
  to.arrived(&main_stack, &main_stack_size);
}

bool Threads::can_run(const Fiber& fiber) const {
  if (fiber.has_ended || timeline_.now() < fiber.not_before) return false;
  return fiber.is_ready() || (fiber.deadline && timeline_.now() >= *fiber.deadline);
}

bool Threads::run_one() {
  std::vector<Fiber*> able;
  for (const std::unique_ptr<Fiber>& fiber : fibers_)
    if (can_run(*fiber)) able.push_back(fiber.get());
  if (able.empty()) return false;
  run(*random_.pick(able));
  return true;
}

void Threads::settle() {
  bool has_changed = true;
  while (has_changed) {
    has_changed = timeline_.run_due();
    has_changed = run_one() || has_changed;
  }
}

bool Threads::block(const Predicate& is_ready, std::optional<Moment> deadline) {
  if (running_ != nullptr) return block_fiber(is_ready, deadline);
  while (true) {
    settle();
    if (is_ready()) return true;
    if (deadline && timeline_.now() >= *deadline) return false;
    std::optional<Moment> next = timeline_.next();
    if (deadline && (!next || *deadline < *next)) next = deadline;
    if (!next) on_stuck();
    timeline_.go_to(*next);
    if (on_step) on_step();
  }
}

bool Threads::block_fiber(const Predicate& is_ready, std::optional<Moment> deadline) {
  Fiber& fiber = *running_;
  if (is_ready()) return true;
  fiber.is_ready = is_ready;
  fiber.deadline = deadline;
  if (deadline) timeline_.at(*deadline, [] {});
  leave_fiber();
  return fiber.is_ready();
}

bool Threads::wait(const void* condition, pthread_mutex_t* mutex, std::optional<Moment> deadline) {
  Waiter waiter{condition};
  waiters_.push_back(&waiter);
  ::pthread_mutex_unlock(mutex);
  const bool was_notified = block([&] { return waiter.is_notified; }, deadline);
  std::erase(waiters_, &waiter);
  ::pthread_mutex_lock(mutex);
  return was_notified;
}

void Threads::notify(const void* condition, bool is_all) {
  for (Waiter* waiter : waiters_) {
    if (waiter->condition != condition || waiter->is_chosen) continue;
    waiter->is_chosen = true;
    timeline_.after(scheduling_delay(), [this, waiter] {
      // Whoever has given up meanwhile is gone.
      if (std::find(waiters_.begin(), waiters_.end(), waiter) != waiters_.end())
        waiter->is_notified = true;
    });
    if (!is_all) return;
  }
}

}  // namespace simulation
