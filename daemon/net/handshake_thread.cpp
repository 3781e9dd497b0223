// SPDX-License-Identifier: MIT
#include "daemon/net/handshake_thread.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace reactord {

std::error_code HandshakeThread::advance(std::shared_ptr<SharedHandshake> handshake, SlotId who) {
  if (const std::error_code problem = open_news()) return problem;
  {
    const std::lock_guard lock(done_->mutex);
    done_->who.reserve(asked_ + 1);  // so that the thread wants no memory
  }
  thread_.run([handshake = std::move(handshake), done = done_, who] {
    // Whoever has asked may have let go of it since.
    if (handshake.use_count() > 1) handshake->step = handshake->handshake->advance();
    tell(*done, who);
  });
  ++asked_;
  return {};
}

void HandshakeThread::tell(Done& done, SlotId who) noexcept {
  const std::lock_guard lock(done.mutex);
  done.who.push_back(who);
  // eventfd(2): fails only where the count would overflow, and it is readable then.
  (void)::eventfd_write(done.news.get(), 1);
}

std::vector<SlotId> HandshakeThread::take_done() {
  const std::lock_guard lock(done_->mutex);
  std::vector<SlotId>& who = done_->who;
  const auto some = static_cast<std::ptrdiff_t>(std::min(who.size(), kMaxDonePerTurn));
  std::vector<SlotId> taken(who.begin(), who.begin() + some);
  who.erase(who.begin(), who.begin() + some);
  asked_ -= taken.size();
  eventfd_t count = 0;
  if (who.empty()) (void)::eventfd_read(done_->news.get(), &count);
  return taken;
}

std::error_code HandshakeThread::open_news() {
  if (done_->news) return {};
  UniqueFd news(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!news) return {errno, std::system_category()};
  if (const std::error_code problem = loop_.watch_level(news.get(), token_)) return problem;
  done_->news = std::move(news);
  return {};
}

}  // namespace reactord
