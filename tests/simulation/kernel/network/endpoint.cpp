// SPDX-License-Identifier: MIT
#include "tests/simulation/kernel/network/endpoint.h"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace simulation {

namespace {

/// How long TCP tries where no option says otherwise (tcp_retries2, tcp(7)).
constexpr Moment kRetransmission = std::chrono::minutes(15);

constexpr std::uint32_t kAll = 0;  ///< a wake-up without a key
constexpr std::uint32_t kInput = EPOLLIN | EPOLLRDNORM | EPOLLPRI;
constexpr std::uint32_t kOutput = EPOLLOUT | EPOLLWRNORM;

}  // namespace

void Endpoint::connect(const std::shared_ptr<Endpoint>& a, const std::shared_ptr<Endpoint>& b) {
  a->peer_ = b;
  b->peer_ = a;
}

void Endpoint::on_connected() {
  is_connected_ = true;
  transmit();
  wake(kAll);
}

// --- the application -----------------------------------------------------------------------------

/// tcp_recvmsg(): what has arrived comes before the error that ended it, and stops in front of an
/// urgent byte.
long Endpoint::receive(char* into, std::size_t size) {
  std::size_t n = std::min(size, readable_bytes());
  if (n > 0 && urgent_at_ && is_urgent_inline_) {
    const std::uint64_t here = received_total_ - readable_bytes();
    if (*urgent_at_ > here) n = std::min<std::uint64_t>(n, *urgent_at_ - here);
    if (*urgent_at_ < here + n) urgent_at_.reset();
  }
  if (n > 0) {
    std::memcpy(into, inbox_.data() + inbox_read_, n);
    inbox_read_ += n;
    if (inbox_read_ == inbox_.size()) {
      inbox_.clear();
      inbox_read_ = 0;
    }
    if (peer_ != nullptr && link_.is_unix) peer_->on_room();
    if (peer_ != nullptr && !link_.is_unix && !peer_->outbox_.empty())
      deliver([peer = peer_] { peer->transmit(); });
    return static_cast<long>(n);
  }
  if (error_ != 0) return -std::exchange(error_, 0);
  if (fin_received_ || dead_ || unix_peer_closed_ || takes_no_more_) return 0;
  return -EAGAIN;
}

long Endpoint::peek(char* into, std::size_t size) const {
  const std::size_t n = std::min(size, readable_bytes());
  if (n > 0) {
    std::memcpy(into, inbox_.data() + inbox_read_, n);
    return static_cast<long>(n);
  }
  if (error_ != 0) return -error_;
  return fin_received_ || dead_ || unix_peer_closed_ || takes_no_more_ ? 0 : -EAGAIN;
}

long Endpoint::send(std::string_view bytes) {
  if (error_ != 0 && !link_.is_unix) return -std::exchange(error_, 0);
  if (fin_queued_ || dead_) return -EPIPE;
  if (link_.is_unix) return send_to_unix_peer(bytes);
  const std::size_t room = link_.send_capacity - std::min(in_use(), link_.send_capacity);
  const std::size_t n = std::min(room, bytes.size());
  if (n < bytes.size()) wants_room_ = true;
  if (n == 0) return -EAGAIN;
  outbox_.append(bytes.substr(0, n));
  sent_total_ += n;
  transmit();
  return static_cast<long>(n);
}

long Endpoint::send_urgent(std::string_view bytes) {
  urgent_sent_ = sent_total_ + bytes.size() - 1;
  const long sent = send(bytes);
  if (sent != static_cast<long>(bytes.size())) urgent_sent_.reset();
  return sent;
}

long Endpoint::send_to_unix_peer(std::string_view bytes) {
  if (unix_peer_closed_ || peer_ == nullptr || peer_->app_closed_) return -EPIPE;
  const std::size_t room = link_.send_capacity - std::min(in_use(), link_.send_capacity);
  const std::size_t n = std::min(room, bytes.size());
  if (n < bytes.size()) wants_room_ = true;
  if (n == 0) return -EAGAIN;
  peer_->inbox_.append(bytes.substr(0, n));
  peer_->received_total_ += n;
  peer_->wake(kInput);
  return static_cast<long>(n);
}

/// inet_shutdown(): whoever polls is woken, also by its own doing.
long Endpoint::finish_sending() {
  if (dead_) return -ENOTCONN;
  if (!fin_queued_) {
    fin_queued_ = true;
    if (link_.is_unix && peer_ != nullptr && !peer_->fin_received_) {
      peer_->fin_received_ = true;
      peer_->wake(kAll);
    }
    transmit();
  }
  wake(kAll);
  return 0;
}

/// inet_shutdown(), unix_shutdown(): what was received may still be read.
long Endpoint::shut_down() {
  const long result = finish_sending();
  if (result != 0) return result;
  takes_no_more_ = true;
  if (link_.is_unix && peer_ != nullptr) peer_->on_unix_peer_closed(false);
  return 0;
}

/// tcp_close(): with unread input, or where it is wanted, by RST.
void Endpoint::close(bool is_reset) {
  if (app_closed_) return;
  owner_ = nullptr;
  if (link_.is_unix) return close_unix();
  if (!dead_ && (is_reset || readable_bytes() > 0)) {
    send_reset();
    become_dead();
  }
  app_closed_ = true;
  if (dead_) return;
  fin_queued_ = true;
  transmit();
  end_if_both_finished();
}

void Endpoint::close_unix() {
  const bool was_unread = readable_bytes() > 0;
  app_closed_ = true;
  dead_ = true;
  if (peer_ == nullptr) return;
  peer_->on_unix_peer_closed(was_unread);
  if (peer_->app_closed_) become_dead();
}

/// unix_release_sock().
void Endpoint::on_unix_peer_closed(bool was_unread) {
  unix_peer_closed_ = true;
  if (was_unread) error_ = ECONNRESET;
  wake(kAll);
}

std::uint32_t Endpoint::poll() {
  const bool is_finished = fin_received_ || dead_ || unix_peer_closed_ || takes_no_more_;
  std::uint32_t events = 0;
  if (dead_ || unix_peer_closed_ || (is_finished && fin_queued_)) events |= EPOLLHUP;
  if (is_finished) events |= EPOLLIN | EPOLLRDNORM | EPOLLRDHUP;
  if (readable_bytes() > 0) events |= EPOLLIN | EPOLLRDNORM;
  if (urgent_at_) events |= EPOLLPRI;
  if (error_ != 0) events |= EPOLLERR;
  if (!is_connected_ && !dead_) return events;
  if (fin_queued_ || dead_ || is_writable())
    events |= kOutput;
  else
    wants_room_ = true;
  return events;
}

int Endpoint::take_error() {
  return std::exchange(error_, 0);
}

std::size_t Endpoint::unacknowledged() const {
  if (link_.is_unix) return in_use();
  if (dead_) return 0;
  return outbox_.size() + unacknowledged_ + (fin_queued_ && !fin_acknowledged_ ? 1 : 0);
}

// --- the way to the peer -------------------------------------------------------------------------

std::size_t Endpoint::in_use() const {
  if (link_.is_unix) return peer_ != nullptr ? peer_->readable_bytes() : 0;
  return outbox_.size() + unacknowledged_;
}

/// sk_stream_is_writeable(); unix_writable().
bool Endpoint::is_writable() const {
  const std::size_t used = std::min(in_use(), link_.send_capacity);
  if (link_.is_unix) return used * 4 <= link_.send_capacity;
  return link_.send_capacity - used >= used / 2;
}

Moment Endpoint::delay() {
  return link_.latency + Moment(random_.between(0, link_.jitter.count()));
}

std::size_t Endpoint::window() const {
  const std::size_t taken = peer_->readable_bytes() + on_wire_;
  return peer_->link_.receive_capacity - std::min(taken, peer_->link_.receive_capacity);
}

template <class Arrival>
void Endpoint::deliver(Arrival&& arrival) {
  last_arrival_ = std::max(last_arrival_, timeline_.now() + delay());
  timeline_.at(last_arrival_, [self = shared_from_this(), arrival] {
    if (!self->is_cut_) arrival();
  });
}

void Endpoint::transmit() {
  if (link_.is_unix || !is_connected_ || dead_ || peer_ == nullptr) return;
  while (!outbox_.empty() && window() > 0)
    send_segment(std::min({outbox_.size(), window(), link_.segment}));
  if (outbox_.empty() && fin_queued_ && !fin_sent_) send_fin();
  if (in_use() > 0) watch_progress();
}

void Endpoint::send_segment(std::size_t size) {
  std::string bytes = outbox_.substr(0, size);
  outbox_.erase(0, size);
  on_wire_ += size;
  unacknowledged_ += size;
  deliver(
      [self = shared_from_this(), peer = peer_, bytes = std::move(bytes), urgent = urgent_sent_] {
        self->on_wire_ -= bytes.size();
        peer->on_segment(bytes, urgent);
      });
}

void Endpoint::send_fin() {
  fin_sent_ = true;
  deliver([peer = peer_] { peer->on_fin(); });
}

void Endpoint::send_reset() {
  if (peer_ != nullptr) deliver([peer = peer_] { peer->on_reset(); });
}

/// Whoever sends to a socket that was closed gets RST.
void Endpoint::on_segment(std::string bytes, std::optional<std::uint64_t> urgent) {
  if (app_closed_ || dead_) return send_reset();
  if (takes_no_more_) {  // tcp_rcv_state_process()
    send_reset();
    return become_dead();
  }
  const std::size_t size = bytes.size();
  if (urgent && *urgent >= received_total_ && *urgent < received_total_ + size) urgent_at_ = urgent;
  inbox_ += bytes;
  received_total_ += size;
  deliver([peer = peer_, size] { peer->on_acknowledged(size); });
  wake(kInput);
}

void Endpoint::on_acknowledged(std::size_t bytes) {
  if (dead_) return;
  unacknowledged_ -= bytes;
  last_progress_ = timeline_.now();
  transmit();
  on_room();
}

/// sk_stream_write_space(): an edge only for who has met a full buffer.
void Endpoint::on_room() {
  if (!wants_room_ || !is_writable()) return;
  wants_room_ = false;
  wake(kOutput);
}

void Endpoint::on_fin() {
  if (dead_) return;
  fin_received_ = true;
  deliver([peer = peer_] { peer->on_fin_acknowledged(); });
  wake(kAll);
  end_if_both_finished();
}

void Endpoint::on_fin_acknowledged() {
  if (dead_) return;
  fin_acknowledged_ = true;
  last_progress_ = timeline_.now();
  end_if_both_finished();
}

void Endpoint::end_if_both_finished() {
  if (dead_ || !fin_received_ || !fin_acknowledged_) return;
  become_dead();
  wake(kAll);
}

/// tcp_reset(): what has arrived stays readable.
void Endpoint::on_reset() {
  fail(fin_received_ ? EPIPE : ECONNRESET);
}

void Endpoint::fail(int error) {
  if (dead_) return;
  error_ = error;
  become_dead();
  wake(kAll);
}

/// What is on its way arrives all the same.
void Endpoint::become_dead() {
  dead_ = true;
  outbox_.clear();
  if (peer_ == nullptr || !peer_->dead_) return;
  timeline_.after(std::chrono::seconds(1), [self = shared_from_this()] {
    if (self->peer_ == nullptr) return;
    self->peer_->peer_.reset();
    self->peer_.reset();
  });
}

// --- a peer that has vanished --------------------------------------------------------------------

void Endpoint::cut() {
  is_cut_ = true;
  if (peer_ == nullptr || peer_->is_cut_) return;
  peer_->is_cut_ = true;
  if (peer_->keep_alive_)
    timeline_.after(*peer_->keep_alive_, [peer = peer_] { peer->fail(ETIMEDOUT); });
}

/// TCP_USER_TIMEOUT: nothing of what is under way was acknowledged for so long, be it lost or the
/// window closed.
void Endpoint::watch_progress() {
  if (is_watched_) return;
  is_watched_ = true;
  last_progress_ = timeline_.now();
  check_progress_at(last_progress_ + patience());
}

void Endpoint::check_progress_at(Moment when) {
  timeline_.at(when, [self = shared_from_this()] { self->check_progress(); });
}

void Endpoint::check_progress() {
  if (dead_ || in_use() == 0) {
    is_watched_ = false;
    return;
  }
  const Moment last = last_progress_ + patience();
  if (timeline_.now() >= last) return fail(ETIMEDOUT);
  check_progress_at(last);
}

Moment Endpoint::patience() const {
  return user_timeout_.count() > 0 ? user_timeout_ : kRetransmission;
}

}  // namespace simulation
