// SPDX-License-Identifier: MIT
#include "tests/simulation/kernel/network/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace simulation {

namespace {

/// net.core.somaxconn.
constexpr int kMostWaiting = 4096;

}  // namespace

Socket::~Socket() = default;

long Socket::bind(const Address& address) {
  if (is_bound_) return -EINVAL;
  local_ = address;
  if (family_ != AF_UNIX && address.port() == 0) local_ = address.with_port(network_.free_port());
  const bool may_share = option(SOL_SOCKET, SO_REUSEPORT) != 0;
  if (family_ != AF_UNIX && !may_share && network_.find(local_) != nullptr) return -EADDRINUSE;
  is_bound_ = true;
  return 0;
}

long Socket::listen(int backlog) {
  backlog_ = static_cast<std::size_t>(std::clamp(backlog, 0, kMostWaiting));
  if (is_listening_) return 0;
  if (!network_.listen(local_, *this)) return -EADDRINUSE;
  is_listening_ = true;
  return 0;
}

long Socket::connect(const Address& to, const Link& here, const Link& there) {
  if (end_ != nullptr) return -EISCONN;
  peer_ = to;
  if (family_ == AF_UNIX) {
    const int error = network_.dial_unix(to, here, end_);
    if (error == 0) end_->set_owner(this);
    return -error;
  }
  if (!is_bound_)
    local_ = family_ == AF_INET ? Address::ipv4(INADDR_LOOPBACK, network_.free_port())
                                : Address::ipv6(1, network_.free_port());
  end_ = network_.dial(to, local_, here, there);
  end_->set_owner(this);
  apply_options();
  return -EINPROGRESS;
}

long Socket::accept(std::shared_ptr<Socket>& accepted, Address& peer) {
  if (!is_listening_) return -EINVAL;
  if (waiting_.empty()) return -EAGAIN;
  Waiting first = std::move(waiting_.front());
  waiting_.pop_front();
  accepted = std::make_shared<Socket>(network_, family_, type_);
  accepted->local_ = local_;
  accepted->peer_ = peer = first.peer;
  accepted->end_ = std::move(first.end);
  accepted->end_->set_owner(accepted.get());
  if (family_ != AF_UNIX) accepted->inherit(*this);
  return 0;
}

void Socket::inherit(const Socket& listener) {
  options_ = listener.options_;
  apply_options();
}

void Socket::on_connection(std::shared_ptr<Endpoint> end, const Address& peer) {
  waiting_.push_back({std::move(end), peer});
  wake(EPOLLIN | EPOLLRDNORM);
}

// --- options -------------------------------------------------------------------------------------

int Socket::option(int level, int name) const {
  const auto found = options_.find({level, name});
  return found == options_.end() ? 0 : found->second;
}

long Socket::set_option(int level, int name, const void* value, socklen_t size) {
  if (level == IPPROTO_TCP && family_ == AF_UNIX) return -EOPNOTSUPP;
  if (level == SOL_SOCKET && name == SO_LINGER) {
    linger wanted{};
    std::memcpy(&wanted, value, std::min<std::size_t>(size, sizeof wanted));
    resets_on_close_ = wanted.l_onoff != 0 && wanted.l_linger == 0;
    return 0;
  }
  int number = 0;
  std::memcpy(&number, value, std::min<std::size_t>(size, sizeof number));
  options_[{level, name}] = number;
  apply_options();
  return 0;
}

void Socket::apply_options() {
  if (end_ == nullptr) return;
  end_->set_urgent_inline(option(SOL_SOCKET, SO_OOBINLINE) != 0);
  if (family_ == AF_UNIX) return;
  // socket(7): the kernel doubles it.
  if (const int bytes = option(SOL_SOCKET, SO_SNDBUF); bytes > 0)
    end_->set_send_capacity(2 * static_cast<std::size_t>(bytes));
  const std::chrono::milliseconds user_timeout(option(IPPROTO_TCP, TCP_USER_TIMEOUT));
  end_->set_user_timeout(user_timeout);
  if (option(SOL_SOCKET, SO_KEEPALIVE) == 0) return end_->set_keep_alive(std::nullopt);
  // tcp(7): with TCP_USER_TIMEOUT the second probe decides.
  const std::chrono::seconds idle(option(IPPROTO_TCP, TCP_KEEPIDLE));
  const std::chrono::seconds interval(option(IPPROTO_TCP, TCP_KEEPINTVL));
  const int probes = user_timeout.count() > 0 ? 1 : option(IPPROTO_TCP, TCP_KEEPCNT);
  end_->set_keep_alive(idle + interval * probes);
}

long Socket::get_option(int level, int name, int& value) {
  if (level != SOL_SOCKET) {
    value = option(level, name);
    return 0;
  }
  switch (name) {
    case SO_ERROR:
      value = end_ != nullptr ? end_->take_error() : 0;
      return 0;
    case SO_ACCEPTCONN:
      value = is_listening_ ? 1 : 0;
      return 0;
    case SO_TYPE:
      value = type_;
      return 0;
    default:
      value = option(level, name);
      return 0;
  }
}

// --- connections ---------------------------------------------------------------------------------

long Socket::receive(char* into, std::size_t size) {
  told_readable_in_turn = 0;
  return end_ != nullptr ? end_->receive(into, size) : -ENOTCONN;
}

long Socket::peek(char* into, std::size_t size) {
  told_readable_in_turn = 0;
  return end_ != nullptr ? end_->peek(into, size) : -ENOTCONN;
}

long Socket::send(std::string_view bytes) {
  return end_ != nullptr ? end_->send(bytes) : -EPIPE;
}

long Socket::shut_down(int how) {
  if (end_ == nullptr) return -ENOTCONN;
  if (how == SHUT_RD) return -EOPNOTSUPP;
  return how == SHUT_WR ? end_->finish_sending() : end_->shut_down();
}

long Socket::unsent_bytes(int& bytes) const {
  if (end_ == nullptr) return -EINVAL;
  bytes = static_cast<int>(end_->unacknowledged());
  return 0;
}

std::uint32_t Socket::poll() {
  if (end_ != nullptr) return end_->poll();
  if (is_listening_) return waiting_.empty() ? 0u : EPOLLIN | EPOLLRDNORM;
  return EPOLLOUT | EPOLLHUP;
}

/// Who still waits gets a reset (inet_csk_listen_stop).
void Socket::on_last_close() {
  if (is_listening_) network_.stop_listening(local_, *this);
  is_listening_ = false;
  for (const Waiting& each : waiting_) each.end->close(true);
  waiting_.clear();
  if (end_ != nullptr) end_->close(resets_on_close_);
}

}  // namespace simulation
