// SPDX-License-Identifier: MIT
#include "daemon/http/http_engine.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "daemon/reactor/out_of_memory.h"

namespace reactord {

namespace {

/// Of each, for its request: browsers send some 2 KiB of headers.
constexpr std::size_t kMaxHttpMemoryBytes = 16u << 10;
/// Without a byte in either direction.
constexpr unsigned kIdleSeconds = 30;
/// From its beginning, or the answer before, to an answer that is sent: whoever trickles is cut.
constexpr Duration kMaxVisit = std::chrono::seconds(60);
/// The same where the other side sends no more. Its library hears of that with the last bytes,
/// reads these, and forgets the end, which is told once.
constexpr Duration kMaxHalfClosed = std::chrono::seconds(1);
/// For a piece of a feed, once begun: whoever reads slower would be shown the past, and may come
/// again for the present.
constexpr Duration kMaxPiece = std::chrono::seconds(5);
/// Whoever has come gets so long to ask, also where others wait for a place.
constexpr Duration kLeastStay = std::chrono::seconds(1);
constexpr Duration kLookPause = std::chrono::seconds(1);
/// What is ready of all of them.
constexpr WorkUnits kRunWork = work_units(std::chrono::microseconds(250));
/// Some 10 microseconds each.
constexpr std::size_t kResumedPerTurn = 16;

bool is_half_closed(int fd) {
  pollfd asked{.fd = fd, .events = POLLRDHUP, .revents = 0};
  return ::poll(&asked, 1, 0) > 0;
}

}  // namespace

HttpSite::Engine::Engine(HttpSite& site, const Microhttpd& library)
    : site_(site), library_(library) {
  daemon_ = library_.start_daemon(
      MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0, nullptr, nullptr,
      &Engine::on_request, this, MHD_OPTION_CONNECTION_LIMIT, static_cast<unsigned>(site.most_),
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, kMaxHttpMemoryBytes, MHD_OPTION_CONNECTION_TIMEOUT,
      kIdleSeconds, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_COMPLETED,
      &Engine::on_completed, this, MHD_OPTION_NOTIFY_CONNECTION, &Engine::on_connection, this,
      MHD_OPTION_END);
  if (daemon_ == nullptr) return;
  const int epoll = library_.get_daemon_info(daemon_, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
  if (!site_.loop_.watch_level(epoll, site_.token_)) return;
  library_.stop_daemon(std::exchange(daemon_, nullptr));
}

/// The library does not stop while somebody is suspended.
HttpSite::Engine::~Engine() {
  site_.loop_.timers().cancel(run_timer_);
  site_.loop_.timers().cancel(look_timer_);
  for (Visit& visit : visits_) resume(visit);
  if (daemon_ != nullptr) library_.stop_daemon(daemon_);
}

/// The socket is the library's from here on, whatever becomes of it.
void HttpSite::Engine::add(UniqueFd fd, const SocketAddress& peer) {
  (void)library_.add_connection(daemon_, fd.release(), peer.data(), peer.size());
  run();
}

void HttpSite::Engine::run() {
  const std::size_t before = visits_.size();
  resume_some();
  (void)library_.run(daemon_);
  site_.loop_.charge(kRunWork);
  schedule();
  if (visits_.size() >= before) return;
  wants_room_ = false;
  site_.on_room_();
}

/// Within the feeds' own callbacks, too: what follows is left to the loop.
void HttpSite::Engine::wake() {
  for (Visit& visit : visits_) visit.has_news = visit.is_suspended;
  site_.loop_.make_ready(site_.token_);
}

void HttpSite::Engine::resume_some() {
  std::size_t resumed = 0;
  for (Visit& visit : visits_) {
    if (!visit.has_news) continue;
    if (resumed++ == kResumedPerTurn) return site_.loop_.make_ready(site_.token_);
    resume(visit);
  }
}

void HttpSite::Engine::resume(Visit& visit) {
  visit.has_news = false;
  if (std::exchange(visit.is_suspended, false)) library_.resume_connection(visit.connection);
}

/// Its own deadlines, and what it has left over.
void HttpSite::Engine::schedule() {
  EventLoop& loop = site_.loop_;
  loop.timers().cancel(std::exchange(run_timer_, 0));
  MHD_UNSIGNED_LONG_LONG milliseconds = 0;
  if (library_.get_timeout(daemon_, &milliseconds) == MHD_YES) {
    if (milliseconds == 0) return loop.make_ready(site_.token_);
    run_timer_ = loop.timers().add(loop.now() + std::chrono::milliseconds(milliseconds), [this] {
      run_timer_ = 0;
      run();
    });
  }
  if (look_timer_ != 0 || visits_.empty()) return;
  look_timer_ = loop.timers().add(loop.now() + kLookPause, [this] {
    look_timer_ = 0;
    look_for_slow_ones();
    if (wants_room_) make_room();
    run();
  });
}

/// The library counts from the last byte, and would let a trickle go on for ever.
void HttpSite::Engine::look_for_slow_ones() {
  for (const Visit& visit : visits_)
    if (is_too_slow(visit)) ::shutdown(visit.fd, SHUT_RDWR);
}

void HttpSite::Engine::make_room() {
  const auto silent_since = [](const Visit& visit) {
    return visit.is_answered ? TimePoint::max() : visit.since;
  };
  const auto longest = std::ranges::min_element(visits_, {}, silent_since);
  wants_room_ = longest != visits_.end();
  if (!wants_room_ || longest->is_answered || site_.loop_.now() - longest->since < kLeastStay)
    return;
  ::shutdown(longest->fd, SHUT_RDWR);
}

bool HttpSite::Engine::is_too_slow(const Visit& visit) const {
  const Duration so_far = site_.loop_.now() - visit.since;
  if (so_far > kMaxHalfClosed && is_half_closed(visit.fd)) return true;
  if (visit.is_suspended) return false;
  return so_far > (visit.feed == nullptr ? kMaxVisit : kMaxPiece);
}

void HttpSite::Engine::on_connection(void* self, MHD_Connection* connection, void** visit,
                                     MHD_ConnectionNotificationCode what) {
  auto& engine = *static_cast<Engine*>(self);
  if (what == MHD_CONNECTION_NOTIFY_STARTED) {
    *visit = nullptr;
    (void)has_memory_for([&] {
      const int fd =
          engine.library_.get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)
              ->connect_fd;
      engine.visits_.push_back({.engine = &engine,
                                .fd = fd,
                                .since = engine.site_.loop_.now(),
                                .connection = connection});
      *visit = &engine.visits_.back();
    });
  } else if (*visit != nullptr) {
    engine.visits_.remove_if([&](const Visit& each) { return &each == *visit; });
  }
}

}  // namespace reactord
