// SPDX-License-Identifier: MIT
#include "daemon/admission/listener.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "daemon/probes/probes.h"
#include "daemon/reactor/out_of_memory.h"

namespace reactord {

namespace {

/// A listener's share of a turn: a flood of connections must not keep the served ones waiting.
constexpr int kMaxAcceptsPerTurn = 64;
/// Of one of them: some 8 microseconds, most of them the kernel's.
constexpr WorkUnits kAcceptWork = 16;
/// Out of descriptors, accept(2) fails at once and for ever: without a pause the loop would spin.
constexpr auto kPause = std::chrono::milliseconds(100);
/// Where accept(2) fails because of the client that it would have brought, the next try brings
/// another one. After as many in a row it is the listener itself: a security module, say, that lets
/// it accept nobody, and leaves them waiting.
constexpr int kMaxLostInARow = 16;

/// The inode of a socket's file; 0 if it has none.
::ino_t file_of(const std::string& path) {
  struct stat status {};
  if (path.empty() || ::lstat(path.c_str(), &status) != 0) return 0;
  return status.st_ino;
}

}  // namespace

Listener::Listener(Token token, UniqueFd fd, Place place, std::shared_ptr<ListenerRules> rules,
                   EventLoop& loop, Arrivals& arrivals, EventLog& events)
    : token_(token),
      fd_(std::move(fd)),
      place_(std::move(place)),
      address_(SocketAddress::local_of(fd_.get())),
      path_(address_.path()),
      file_(place_.is_adopted() ? 0 : file_of(path_)),
      rules_(std::move(rules)),
      loop_(loop),
      arrivals_(arrivals),
      gate_(arrivals.gate()),
      events_(events) {
  rules_->address = address_.to_string();
}

Listener::~Listener() {
  close();
}

void Listener::close() noexcept {
  loop_.timers().cancel(std::exchange(pause_timer_, 0));
  // A Unix socket's file would otherwise stay behind and refuse everyone. Somebody else's that has
  // taken its place is left alone.
  if (fd_ && file_ != 0 && !is_lent_ && file_of(path_) == file_) ::unlink(path_.c_str());
  fd_.reset();
}

void Listener::leave() noexcept {
  file_ = 0;
  // Its other holder would wake us (epoll(7), question 6).
  if (fd_) loop_.forget(fd_.get());
  close();
}

std::optional<UnixFileOptions> Listener::file() const {
  struct stat status {};
  if (file_ == 0 || ::lstat(path_.c_str(), &status) != 0 || status.st_ino != file_) return {};
  return UnixFileOptions{.mode = status.st_mode & 0777u, .group = status.st_gid};
}

std::string Listener::change_file(const UnixFileOptions& options) const {
  return file() ? change_unix_file(address_, options) : "";
}

void Listener::on_event(Readiness readiness) noexcept {
  if (readiness.is_none()) is_scheduled_ = false;
  if (readiness.readable || readiness.hung_up) may_accept_ = true;  // accept(2) says what broke
  if (pause_timer_ == 0 && fd_ && !is_resting_) accept_some();
}

void Listener::end_rest() noexcept {
  is_resting_ = false;
  may_accept_ = true;
  schedule();
}

void Listener::on_room() noexcept {
  if (!is_waiting_for_room_) return;
  is_waiting_for_room_ = false;
  schedule();
}

bool Listener::stop_some() noexcept {
  if (!fd_) return true;
  if (!place_.is_adopted() && has_more_at_stop()) return false;
  close();
  return true;
}

/// As many as could have been waiting; those who come meanwhile are lucky, but not for ever.
bool Listener::has_more_at_stop() noexcept {
  may_accept_ = true;
  is_waiting_for_room_ = false;
  for (int n = 0; n < kMaxAcceptsPerTurn; ++n)
    if (++accepted_at_stop_ > SOMAXCONN || !accept_one()) return false;
  return true;
}

void Listener::accept_some() noexcept {
  for (int n = 0; n < kMaxAcceptsPerTurn; ++n)
    if (!accept_one()) return;
  schedule();
}

/// False when there is no point in another try for now.
bool Listener::accept_one() noexcept {
  if (!may_accept_) return false;
  if (const std::optional<Event> why = reason_to_wait()) {
    wait_for_room(*why);
    return false;
  }
  AcceptResult accepted = accept_connection(fd_.get());
  loop_.charge(kAcceptWork);
  switch (accepted.status) {
    case AcceptStatus::accepted:
      REACTORD_PROBE_ACCEPT(accepted.fd.get(), rules_->name.c_str());
      if (!has_memory_for([&] { take_in(accepted); })) gate_.tell_failed(*rules_, ENOMEM);
      lost_in_a_row_ = 0;
      may_accept_ = has_waiting(fd_.get());
      return may_accept_;
    case AcceptStatus::gone:
      if (++lost_in_a_row_ < kMaxLostInARow) return true;
      lost_in_a_row_ = 0;
      gate_.tell_failed(*rules_, accepted.error);
      pause();
      return false;
    case AcceptStatus::none_waiting:
      may_accept_ = false;
      return false;
    case AcceptStatus::exhausted:
      gate_.tell_failed(*rules_, accepted.error, Event::accept_exhausted);
      pause();
      return false;
    case AcceptStatus::failed:
      gate_.tell_failed(*rules_, accepted.error);
      pause();
      return false;
  }
  return false;
}

/// Where there is no memory for it, the client is sent away without a word.
void Listener::take_in(AcceptResult& accepted) {
  if (rules_->visitors != nullptr) return take_in_visitor(accepted);
  if (rules_->has_stages())
    return arrivals_.take_in(std::move(accepted.fd), accepted.peer, *rules_);
  gate_.let_in({accepted.peer, *rules_}, IsWatched::no, std::in_place_type<SocketStream>,
               std::move(accepted.fd), accepted.peer);
}

/// Whoever may not come is sent away without a word: nobody here knows what it speaks.
void Listener::take_in_visitor(AcceptResult& accepted) {
  if (const std::optional<Refusal> refusal = Gate::judge_address({accepted.peer, *rules_}))
    return gate_.tell(*rules_, accepted.peer.to_string(), *refusal);
  rules_->visitors->take_in(std::move(accepted.fd), accepted.peer);
}

/// Who could not even be refused now, or need not be.
std::optional<Event> Listener::reason_to_wait() const {
  if (rules_->visitors != nullptr)
    return rules_->visitors->has_room() ? std::nullopt : std::optional(Event::waiting_http);
  if (rules_->has_stages() && arrivals_.is_full()) return Event::waiting_handshakes;
  const ConnectionTable& connections = gate_.connections();
  const bool may_wait = rules_->when_full == WhenFull::wait && !connections.is_draining();
  if (may_wait && connections.is_full(rules_->policy)) return Event::waiting_full;
  return std::nullopt;
}

void Listener::wait_for_room(Event why) noexcept {
  if (!is_waiting_for_room_)
    (void)has_memory_for([&] { events_.record(why, {{"listener", rules_->name}}); });
  is_waiting_for_room_ = true;
  if (rules_->visitors != nullptr) rules_->visitors->want_room();
}

/// Without memory for a timer the listener tries again at once.
void Listener::pause() noexcept {
  loop_.timers().cancel(std::exchange(pause_timer_, 0));
  const bool is_paused = has_memory_for([&] {
    pause_timer_ = loop_.timers().add(loop_.now() + kPause, [this] {
      pause_timer_ = 0;
      schedule();
    });
  });
  if (!is_paused) schedule();
}

/// The loop has reserved room for as many listeners as there can be (Server).
void Listener::schedule() noexcept {
  if (is_scheduled_) return;
  is_scheduled_ = has_memory_for([&] { loop_.make_ready(token_, priority_of(rules_->policy)); });
}

}  // namespace reactord
