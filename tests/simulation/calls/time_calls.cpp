// SPDX-License-Identifier: MIT
// Clocks, sleeps, threads. libstdc++ and spdlog come here, too.
#include <pthread.h>

#include <ctime>
#include <limits>

#include "tests/simulation/calls/call.h"

namespace simulation {
namespace {

Moment moment_of(const timespec& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

/// The moment of a clock's time.
Moment moment_of(clockid_t clock, const timespec& time) {
  return moment_of(time) - (clock == CLOCK_REALTIME ? Kernel::kEpoch : Moment{0});
}

int wait_until(pthread_cond_t* condition, pthread_mutex_t* mutex, std::optional<Moment> deadline) {
  const OutsideOfDaemon outside;
  Kernel& kernel = *Kernel::active();
  return kernel.threads.wait(condition, mutex, deadline) ? 0 : ETIMEDOUT;
}

int notify(pthread_cond_t* condition, bool is_all) {
  const OutsideOfDaemon outside;
  Kernel::active()->threads.notify(condition, is_all);
  return 0;
}

}  // namespace
}  // namespace simulation

using namespace simulation;

extern "C" {

/// Reading a clock is not worth a line in the trace.
int clock_gettime(clockid_t clock, timespec* time) noexcept {
  SIMULATION_REAL(clock_gettime);
  if (!is_simulated()) return real_clock_gettime(clock, time);
  const bool is_date = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
  const Moment now = Kernel::active()->timeline.now() + (is_date ? Kernel::kEpoch : Moment{0});
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now);
  time->tv_sec = seconds.count();
  time->tv_nsec = (now - seconds).count();
  return 0;
}

time_t time(time_t* into) noexcept {
  timespec now{};
  (void)::clock_gettime(CLOCK_REALTIME, &now);
  if (into != nullptr) *into = now.tv_sec;
  return now.tv_sec;
}

int nanosleep(const timespec* time, timespec* left) {
  SIMULATION_REAL(nanosleep);
  if (!is_simulated()) return real_nanosleep(time, left);
  return simulate<int>("nanosleep", time->tv_nsec, [&](Kernel& kernel) {
    (void)kernel.threads.block([] { return false; }, kernel.timeline.now() + moment_of(*time));
    return 0L;
  });
}

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*function)(void*),
                   void* argument) noexcept {
  SIMULATION_REAL(pthread_create);
  if (!is_simulated()) return real_pthread_create(thread, attributes, function, argument);
  const OutsideOfDaemon outside;
  Kernel& kernel = *Kernel::active();
  if (kernel.happens(kernel.faults.thread_fails)) return EAGAIN;
  *thread = kernel.threads.start(function, argument);
  (void)kernel.note("pthread_create", static_cast<std::int64_t>(*thread), 0);
  return 0;
}

int pthread_join(pthread_t thread, void** result) {
  SIMULATION_REAL(pthread_join);
  if (!is_simulated()) return real_pthread_join(thread, result);
  const OutsideOfDaemon outside;
  Kernel& kernel = *Kernel::active();
  (void)kernel.threads.block([&] { return kernel.threads.has_ended(thread); }, std::nullopt);
  return 0;
}

int pthread_detach(pthread_t thread) noexcept {
  SIMULATION_REAL(pthread_detach);
  return is_simulated() ? 0 : real_pthread_detach(thread);
}

int pthread_cond_wait(pthread_cond_t* condition, pthread_mutex_t* mutex) {
  SIMULATION_REAL(pthread_cond_wait);
  if (!is_simulated()) return real_pthread_cond_wait(condition, mutex);
  return wait_until(condition, mutex, std::nullopt);
}

int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex,
                           const timespec* deadline) {
  SIMULATION_REAL(pthread_cond_timedwait);
  if (!is_simulated()) return real_pthread_cond_timedwait(condition, mutex, deadline);
  return wait_until(condition, mutex, moment_of(CLOCK_REALTIME, *deadline));
}

int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock,
                           const timespec* deadline) {
  SIMULATION_REAL(pthread_cond_clockwait);
  if (!is_simulated()) return real_pthread_cond_clockwait(condition, mutex, clock, deadline);
  return wait_until(condition, mutex, moment_of(clock, *deadline));
}

int pthread_cond_signal(pthread_cond_t* condition) noexcept {
  SIMULATION_REAL(pthread_cond_signal);
  return is_simulated() ? notify(condition, false) : real_pthread_cond_signal(condition);
}

int pthread_cond_broadcast(pthread_cond_t* condition) noexcept {
  SIMULATION_REAL(pthread_cond_broadcast);
  return is_simulated() ? notify(condition, true) : real_pthread_cond_broadcast(condition);
}

}  // extern "C"
