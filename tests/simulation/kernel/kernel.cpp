// SPDX-License-Identifier: MIT
#include "tests/simulation/kernel/kernel.h"

#include <fcntl.h>

#include <algorithm>
#include <optional>

namespace simulation {

namespace {

/// A system call, with what the daemon does around it.
constexpr Moment kCallTime = std::chrono::microseconds(1);
/// How late a sleep may end (time(7), timer slack).
constexpr Moment kLatestWakeUp = std::chrono::microseconds(60);

/// Who has which numbers.
enum Branch : std::uint64_t { own, events, connections, scheduling, managing };

/// Whoever is killed, and sleeps, does not live longer.
constexpr Moment kLastMoment = std::chrono::milliseconds(5);

constexpr pid_t kFirstProcess = 4711;

}  // namespace

Kernel* Kernel::active_ = nullptr;

Kernel::Kernel(std::uint64_t seed, Moment start, std::FILE* trace_text)
    : timeline(start),
      trace(trace_text),
      network(timeline, Random::branch(seed, connections)),
      manager(timeline, Random::branch(seed, managing)),
      threads(timeline, Random::branch(seed, scheduling)),
      random_(Random::branch(seed, own)) {
  files.make("/dev/console", S_IFREG | 0600);
  begin_process();
}

Kernel::~Kernel() {
  if (active_ == this) active_ = nullptr;
}

void Kernel::begin_process() {
  const pid_t number = process_ == nullptr ? kFirstProcess : process_->number + 1;
  process_ = std::make_unique<Process>(number);
  dies_after_ = 0;
  std::shared_ptr<OpenFile> console;
  for (int fd = 0; fd < 3; ++fd)
    if (files.open("/dev/console", O_RDWR, 0, console) == 0)
      (void)process_->descriptors.add(console);
  for (auto& [name, file] : manager.stored()) {
    (void)process_->descriptors.add(file);
    process_->passed.push_back(name);
  }
}

long Kernel::note(std::string_view name, std::int64_t about, long result) {
  timeline.advance(kCallTime);
  trace.call(timeline.now(), name, about, result);
  if (dies_after_ > 0 && threads.is_main() && --dies_after_ == 0) die();
  return result;
}

void Kernel::kill_after(std::uint64_t calls) {
  dies_after_ = calls + 1;
  dies_at_latest_ = timeline.now() + kLastMoment;
  timeline.at(dies_at_latest_, [] {});
}

/// The destructors of what its stack holds are not run: that is what SIGKILL is.
void Kernel::die() {
  dies_after_ = 0;
  if (on_killed) on_killed();
  threads.drop_all();
  std::longjmp(death, 1);
}

void Kernel::heal() {
  faults = {};
  files.write_error = 0;
}

long Kernel::make_epoll() {
  const auto epoll = std::make_shared<Epoll>(Random(random_.next()));
  if (process_->main_epoll == nullptr) process_->main_epoll = epoll;
  return process_->descriptors.add(epoll);
}

long Kernel::connect(Socket& socket, const Address& to) {
  Link there = outgoing_link;
  return socket.connect(to, outgoing_link, there);
}

void Kernel::begin_turn() {
  ++turns;
  if (on_turn) on_turn();
  if (happens(faults.spurious_edges)) process_->main_epoll->wake_spuriously();
  if (!happens(faults.frozen)) return;
  const Moment end = timeline.now() + std::chrono::milliseconds(random_.between(10, 60'000));
  while (timeline.next() && *timeline.next() <= end) {
    timeline.go_to(*timeline.next());
    timeline.run_due();
  }
  timeline.go_to(end);
}

long Kernel::wait_for_events(int fd, epoll_event* into, int most, int milliseconds) {
  Epoll* epoll = process_->descriptors.find_as<Epoll>(fd);
  if (epoll == nullptr) return -EBADF;
  if (epoll == process_->main_epoll.get()) begin_turn();
  threads.settle();
  if (happens(faults.interrupted)) return -EINTR;
  std::optional<Moment> deadline;
  if (milliseconds >= 0) {
    deadline = timeline.now() + std::chrono::milliseconds(milliseconds);
    if (milliseconds > 0) *deadline += Moment(random_.between(0, kLatestWakeUp.count()));
  }
  const bool is_ready =
      threads.block([this, epoll] { return epoll->is_ready() || must_die(); }, deadline);
  if (must_die() && threads.is_main()) die();
  if (!is_ready) return 0;
  return epoll->collect(into, most, [this](OpenFile& file, std::uint32_t events) {
    auto* socket = dynamic_cast<Socket*>(&file);
    if (socket == nullptr || (events & EPOLLIN) == 0) return;
    // So that the model can see how long it waits to be looked at.
    if (socket->told_readable_in_turn == 0) socket->told_readable_in_turn = turns;
  });
}

}  // namespace simulation
