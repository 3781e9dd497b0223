// SPDX-License-Identifier: MIT
#include "tests/simulation/kernel/epoll.h"

#include <algorithm>
#include <utility>

namespace simulation {

class Epoll::Entry final : public Watcher {
 public:
  Entry(Epoll& epoll, int fd, OpenFile& file, const epoll_event& event)
      : epoll_(epoll), fd_(fd), file_(file), event_(event) {
    file_.add_watcher(*this);
  }
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;
  ~Entry() override { file_.remove_watcher(*this); }

  void on_wake(std::uint32_t events) override {
    if (events == 0 || (events & wanted()) != 0) epoll_.queue(*this);
  }
  void on_file_closed() override { epoll_.remove(*this); }

  void change(const epoll_event& event) { event_ = event; }
  [[nodiscard]] Key key() const { return {fd_, &file_}; }
  [[nodiscard]] OpenFile& file() const { return file_; }
  /// What there is to tell now.
  [[nodiscard]] std::uint32_t revents() { return file_.poll() & wanted(); }
  [[nodiscard]] bool is_edge_triggered() const { return (event_.events & EPOLLET) != 0; }
  [[nodiscard]] epoll_event told(std::uint32_t events) const {
    epoll_event event = event_;
    event.events = events;
    return event;
  }

  bool is_queued = false;

 private:
  [[nodiscard]] std::uint32_t wanted() const { return event_.events | EPOLLERR | EPOLLHUP; }

  Epoll& epoll_;
  int fd_;
  OpenFile& file_;
  epoll_event event_;
};

Epoll::Epoll(Random random) : random_(random) {}

Epoll::~Epoll() = default;

long Epoll::control(int operation, int fd, OpenFile* file, const epoll_event* event) {
  if (file == nullptr) return -EBADF;
  const auto found = entries_.find({fd, file});
  if (operation == EPOLL_CTL_ADD) return found == entries_.end() ? add(fd, *file, *event) : -EEXIST;
  if (found == entries_.end()) return -ENOENT;
  if (operation == EPOLL_CTL_DEL) {
    remove(*found->second);
    return 0;
  }
  found->second->change(*event);
  if (found->second->revents() != 0) queue(*found->second);
  return 0;
}

long Epoll::add(int fd, OpenFile& file, const epoll_event& event) {
  Entry& entry = *entries_.emplace(Key{fd, &file}, std::make_unique<Entry>(*this, fd, file, event))
                      .first->second;
  if (entry.revents() != 0) queue(entry);
  return 0;
}

/// Whoever watches this instance is woken also where the entry was on the list
/// (ep_poll_callback()).
void Epoll::queue(Entry& entry) {
  if (!entry.is_queued) {
    entry.is_queued = true;
    ready_.push_back(&entry);
    if (ready_.size() > 1 && random_.chance(25)) std::swap(ready_.back(), ready_.front());
  }
  wake(EPOLLIN);
}

void Epoll::remove(Entry& entry) {
  if (entry.is_queued) ready_.remove(&entry);
  entries_.erase(entry.key());
}

int Epoll::collect(epoll_event* into, int most, const OnTold& on_told) {
  std::list<Entry*> looked_at;
  looked_at.splice(looked_at.end(), ready_);
  int told = 0;
  while (!looked_at.empty() && told < most) {
    Entry& entry = *looked_at.front();
    looked_at.pop_front();
    entry.is_queued = false;
    const std::uint32_t events = entry.revents();
    if (events == 0) continue;
    into[told++] = entry.told(events);
    on_told(entry.file(), events);
    if (entry.is_edge_triggered()) continue;
    entry.is_queued = true;
    ready_.push_back(&entry);
  }
  ready_.splice(ready_.begin(), looked_at);
  return told;
}

bool Epoll::is_ready() {
  return std::any_of(ready_.begin(), ready_.end(),
                     [](Entry* entry) { return entry->revents() != 0; });
}

void Epoll::wake_spuriously() {
  if (entries_.empty()) return;
  auto entry = entries_.begin();
  std::advance(entry, static_cast<std::ptrdiff_t>(random_.below(entries_.size())));
  queue(*entry->second);
}

}  // namespace simulation
