// SPDX-License-Identifier: MIT
#include "daemon/admission/listener.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "daemon/reactor/out_of_memory.h"

namespace reactord {

namespace {

/// A listener's share of a turn: a flood of connections must not keep the served ones waiting.
constexpr int kMaxAcceptsPerTurn = 64;
/// Of one of them: some 8 microseconds, most of them the kernel's.
constexpr WorkUnits kAcceptWork = 16;
/// Out of descriptors, accept(2) fails at once and for ever: without a pause the loop would spin.
constexpr auto kPause = std::chrono::milliseconds(100);

/// In the words of the listener's clients.
Buffer refusal_text(const ListenerPolicy& policy, std::string_view error) {
  Buffer text;
  ReplyWriter(text, encoding_of(policy.framing, ReplyEncoding::resp2)).error(error);
  return text;
}

/// The inode of a socket's file; 0 if it has none.
::ino_t file_of(const SocketAddress& address) {
  struct stat status {};
  const std::string path = address.path();
  if (path.empty() || ::lstat(path.c_str(), &status) != 0) return 0;
  return status.st_ino;
}

}  // namespace

Listener::Listener(Token token, UniqueFd fd, Place place, std::shared_ptr<ListenerRules> rules,
                   EventLoop& loop, ConnectionTable& connections, EventLog& events)
    : token_(token),
      fd_(std::move(fd)),
      place_(std::move(place)),
      address_(SocketAddress::local_of(fd_.get())),
      file_(place_.is_adopted() ? 0 : file_of(address_)),
      rules_(std::move(rules)),
      loop_(loop),
      connections_(connections),
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
  if (fd_ && file_ != 0 && file_of(address_) == file_) ::unlink(address_.path().c_str());
  fd_.reset();
}

std::optional<UnixFileOptions> Listener::file() const {
  struct stat status {};
  const std::string path = address_.path();
  if (file_ == 0 || ::lstat(path.c_str(), &status) != 0 || status.st_ino != file_) return {};
  return UnixFileOptions{.mode = status.st_mode & 0777u, .group = status.st_gid};
}

std::string Listener::change_file(const UnixFileOptions& options) const {
  return file() ? change_unix_file(address_, options) : "";
}

void Listener::on_event(Readiness readiness) noexcept {
  if (readiness.is_none()) is_scheduled_ = false;
  if (readiness.readable || readiness.hung_up) may_accept_ = true;  // accept(2) says what broke
  if (pause_timer_ == 0 && fd_) accept_some();
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
  if (rules_->when_full == WhenFull::wait && !connections_.is_draining() &&
      connections_.is_full(rules_->policy)) {
    if (!is_waiting_for_room_)
      (void)has_memory_for([&] {
        events_.record(Event::waiting_full, {{"listener", rules_->name}});
      });
    is_waiting_for_room_ = true;
    return false;
  }
  AcceptResult accepted = accept_connection(fd_.get());
  loop_.charge(kAcceptWork);
  switch (accepted.status) {
    case AcceptStatus::accepted:
      if (!has_memory_for([&] { take_in(accepted); })) tell_failed(ENOMEM);
      may_accept_ = has_waiting(fd_.get());
      return may_accept_;
    case AcceptStatus::gone:
      return true;
    case AcceptStatus::none_waiting:
      may_accept_ = false;
      return false;
    case AcceptStatus::exhausted:
      tell_failed(accepted.error, Event::accept_exhausted);
      pause();
      return false;
    case AcceptStatus::failed:
      tell_failed(accepted.error);
      pause();
      return false;
  }
  return false;
}

void Listener::tell_failed(int error, Event event) noexcept {
  events_.count(event);
  if (!events_.wants(event)) return;
  (void)has_memory_for([&] {
    events_.log(event, {{"problem", std::strerror(error)}, {"listener", rules_->name}});
  });
}

/// Where there is no memory for it, the client is sent away without a word.
void Listener::take_in(AcceptResult& accepted) {
  const bool is_allowed = rules_->allow->empty() || !accepted.peer.is_ip() ||
                          rules_->allow->contains(accepted.peer.mapped_ip());
  if (!is_allowed)
    return refuse(accepted, Event::refused_not_allowed,
                  "DENIED your address is not in the allow list of this listener");
  if (connections_.is_draining() && !rules_->policy.is_admin)
    return refuse(accepted, Event::refused_draining,
                  "ERR this server takes no new clients for now");
  switch (connections_.admit(accepted.peer, rules_->policy)) {
    case Admission::admitted:
      break;
    case Admission::full:
      return refuse_full(accepted);
    case Admission::too_many_from_address:
      return refuse(accepted, Event::refused_per_address,
                    "ERR max number of clients reached for your address");
  }
  if (!connections_.open(std::move(accepted.fd), accepted.peer, rules_->policy))
    tell_failed(ENOMEM);
}

void Listener::refuse_full(AcceptResult& accepted) {
  if (rules_->policy.is_admin)
    return refuse(accepted, Event::refused_admin_full,
                  "ERR max number of clients reached on the admin listeners");
  refuse(accepted, Event::refused_full, "ERR max number of clients reached");
}

/// Says why and closes. What the client has sent already is read first, because closing with unread
/// input makes the kernel send RST, which may overtake the reason.
void Listener::refuse(AcceptResult& accepted, Event why, std::string_view error) {
  rules_->policy.loop_context.sink.note_error(error);
  SocketStream stream(std::move(accepted.fd), accepted.peer);
  events_.record(why, {{"peer", stream.peer()}, {"listener", rules_->name}});
  const Buffer text = refusal_text(rules_->policy, error);
  (void)stream.send(text.view());
  stream.finish_sending();
  Buffer unread;
  (void)stream.receive(unread.prepare(4096));
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
