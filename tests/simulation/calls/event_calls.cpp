// SPDX-License-Identifier: MIT
// epoll(7), poll(2), eventfd(2), timerfd_create(2), signals.
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include <csignal>
#include <ctime>

#include "tests/simulation/calls/call.h"

namespace simulation {
namespace {

/// How many of them are ready.
int look_at(const Kernel& kernel, pollfd* fds, nfds_t count) {
  int ready = 0;
  for (nfds_t i = 0; i < count; ++i) {
    OpenFile* file = kernel.process().descriptors.find(fds[i].fd);
    const std::uint32_t wanted = static_cast<std::uint32_t>(fds[i].events) | EPOLLERR | EPOLLHUP;
    fds[i].revents = static_cast<short>(file == nullptr ? POLLNVAL : file->poll() & wanted);
    if (fds[i].revents != 0) ++ready;
  }
  return ready;
}

Moment moment_of(const timespec& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace
}  // namespace simulation

using namespace simulation;

extern "C" {

int epoll_create1(int flags) noexcept {
  SIMULATION_REAL(epoll_create1);
  if (!is_simulated()) return real_epoll_create1(flags);
  return simulate<int>("epoll_create1", flags, [](Kernel& kernel) { return kernel.make_epoll(); });
}

int epoll_ctl(int epoll_fd, int operation, int fd, epoll_event* event) noexcept {
  SIMULATION_REAL(epoll_ctl);
  if (!is_simulated()) return real_epoll_ctl(epoll_fd, operation, fd, event);
  return simulate<int>("epoll_ctl", fd, [&](Kernel& kernel) -> long {
    Epoll* epoll = kernel.process().descriptors.find_as<Epoll>(epoll_fd);
    if (epoll == nullptr) return -EBADF;
    if (operation == EPOLL_CTL_ADD && kernel.happens(kernel.faults.watch_fails)) return -ENOSPC;
    return epoll->control(operation, fd, kernel.process().descriptors.find(fd), event);
  });
}

int epoll_wait(int fd, epoll_event* events, int most, int timeout) {
  SIMULATION_REAL(epoll_wait);
  if (!is_simulated()) return real_epoll_wait(fd, events, most, timeout);
  return simulate<int>("epoll_wait", fd, [&](Kernel& kernel) {
    return kernel.wait_for_events(fd, events, most, timeout);
  });
}

int poll(pollfd* fds, nfds_t count, int timeout) {
  SIMULATION_REAL(poll);
  if (!is_simulated()) return real_poll(fds, count, timeout);
  return simulate<int>("poll", static_cast<std::int64_t>(count), [&](Kernel& kernel) -> long {
    std::optional<Moment> deadline;
    if (timeout >= 0) deadline = kernel.timeline.now() + std::chrono::milliseconds(timeout);
    if (timeout != 0)
      (void)kernel.threads.block([&] { return look_at(kernel, fds, count) > 0; }, deadline);
    return look_at(kernel, fds, count);
  });
}

int eventfd(unsigned int count, int flags) noexcept {
  SIMULATION_REAL(eventfd);
  if (!is_simulated()) return real_eventfd(count, flags);
  return simulate<int>("eventfd", flags, [&](Kernel& kernel) {
    const auto counter = std::make_shared<EventCounter>();
    if (count > 0) counter->add(count);
    return kernel.process().descriptors.add(counter);
  });
}

int eventfd_write(int fd, eventfd_t number) {
  SIMULATION_REAL(eventfd_write);
  if (!is_simulated()) return real_eventfd_write(fd, number);
  return simulate<int>("eventfd_write", fd, [&](Kernel& kernel) -> long {
    auto* counter = kernel.process().descriptors.find_as<EventCounter>(fd);
    if (counter == nullptr) return -EBADF;
    counter->add(number);
    return 0;
  });
}

int eventfd_read(int fd, eventfd_t* number) {
  SIMULATION_REAL(eventfd_read);
  if (!is_simulated()) return real_eventfd_read(fd, number);
  return simulate<int>("eventfd_read", fd, [&](Kernel& kernel) -> long {
    auto* counter = kernel.process().descriptors.find_as<EventCounter>(fd);
    if (counter == nullptr) return -EBADF;
    ++kernel.progress;
    return counter->take(*number);
  });
}

int timerfd_create(clockid_t clock, int flags) noexcept {
  SIMULATION_REAL(timerfd_create);
  if (!is_simulated()) return real_timerfd_create(clock, flags);
  return simulate<int>("timerfd_create", flags, [](Kernel& kernel) {
    return kernel.process().descriptors.add(std::make_shared<AlarmClock>(kernel.timeline));
  });
}

int timerfd_settime(int fd, int flags, const itimerspec* time, itimerspec* before) noexcept {
  SIMULATION_REAL(timerfd_settime);
  if (!is_simulated()) return real_timerfd_settime(fd, flags, time, before);
  return simulate<int>("timerfd_settime", fd, [&](Kernel& kernel) -> long {
    auto* alarm = kernel.process().descriptors.find_as<AlarmClock>(fd);
    if (alarm == nullptr) return -EBADF;
    const Moment value = moment_of(time->it_value);
    const Moment start = (flags & TFD_TIMER_ABSTIME) != 0 ? Moment{0} : kernel.timeline.now();
    alarm->set(value.count() == 0 ? std::nullopt : std::optional(start + value));
    return 0;
  });
}

// --- signals: blocked, and taken in turn ---

int sigprocmask(int how, const sigset_t* signals, sigset_t* before) noexcept {
  SIMULATION_REAL(sigprocmask);
  if (!is_simulated()) return real_sigprocmask(how, signals, before);
  return simulate<int>("sigprocmask", how, [](Kernel&) { return 0L; });
}

sighandler_t signal(int number, sighandler_t handler) noexcept {
  SIMULATION_REAL(signal);
  if (!is_simulated()) return real_signal(number, handler);
  (void)simulate<int>("signal", number, [](Kernel&) { return 0L; });
  return SIG_DFL;
}

int signalfd(int fd, const sigset_t* signals, int flags) noexcept {
  SIMULATION_REAL(signalfd);
  if (!is_simulated()) return real_signalfd(fd, signals, flags);
  return simulate<int>("signalfd", flags, [](Kernel& kernel) {
    return kernel.process().descriptors.add(std::make_shared<SignalFile>(kernel.process().signals));
  });
}

int sigpending(sigset_t* signals) noexcept {
  SIMULATION_REAL(sigpending);
  if (!is_simulated()) return real_sigpending(signals);
  return simulate<int>("sigpending", 0, [&](Kernel& kernel) {
    ::sigemptyset(signals);
    for (int number = 1; number < NSIG; ++number)
      if (kernel.process().signals.of(number).is_pending) ::sigaddset(signals, number);
    return 0L;
  });
}

int sigtimedwait(const sigset_t* signals, siginfo_t* info, const timespec* timeout) {
  SIMULATION_REAL(sigtimedwait);
  if (!is_simulated()) return real_sigtimedwait(signals, info, timeout);
  return simulate_interruptible<int>("sigtimedwait", 0, [&](Kernel& kernel) -> long {
    for (int number = 1; number < NSIG; ++number) {
      Signals::Waiting& waiting = kernel.process().signals.of(number);
      if (::sigismember(signals, number) != 1 || !waiting.is_pending) continue;
      waiting.is_pending = false;
      *info = {};
      info->si_signo = number;
      info->si_code = waiting.has_value ? SI_QUEUE : SI_USER;
      info->si_value.sival_int = waiting.value;
      ++kernel.progress;
      return number;
    }
    return -EAGAIN;
  });
}

/// To whom the daemon answers a reload: nobody that is simulated.
int sigqueue(pid_t process, int number, const sigval value) noexcept {
  SIMULATION_REAL(sigqueue);
  if (!is_simulated()) return real_sigqueue(process, number, value);
  return simulate<int>("sigqueue", number, [](Kernel&) -> long { return -ESRCH; });
}

}  // extern "C"
