// SPDX-License-Identifier: MIT
// An epoll instance by Linux' rules (epoll(7), fs/eventpoll.c):
// - A wake-up puts an entry on the ready list, once, however many come: edges merge.
// - What is told is what the file is ready for when it is asked, not what woke it: an edge may be
//   told with more, with less, or, where nothing is left of it, not at all.
// - An edge-triggered entry leaves the list when it is told; a level-triggered one goes to its end
//   for as long as it is ready.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>

#include "tests/simulation/kernel/open_file.h"
#include "tests/simulation/kernel/random.h"

namespace simulation {

class Epoll final : public OpenFile {
 public:
  /// Events of different files come in an order that depends on what happened in parallel:
  /// `random` mixes it.
  explicit Epoll(Random random);
  ~Epoll() override;

  [[nodiscard]] long control(int operation, int fd, OpenFile* file, const epoll_event* event);
  using OnTold = std::function<void(OpenFile&, std::uint32_t events)>;
  /// Takes what is ready, at most so many.
  [[nodiscard]] int collect(epoll_event* into, int most, const OnTold& on_told);
  /// Whether collect() would find something.
  [[nodiscard]] bool is_ready();
  [[nodiscard]] std::uint32_t poll() override { return is_ready() ? EPOLLIN | EPOLLRDNORM : 0u; }
  /// A wake-up of one of its entries for no reason, as the kernel has them.
  void wake_spuriously();

 private:
  class Entry;
  using Key = std::pair<int, OpenFile*>;

  [[nodiscard]] long add(int fd, OpenFile& file, const epoll_event& event);
  void queue(Entry& entry);
  void remove(Entry& entry);

  Random random_;
  std::map<Key, std::unique_ptr<Entry>> entries_;
  std::list<Entry*> ready_;
};

}  // namespace simulation
