// SPDX-License-Identifier: MIT
#include "tests/simulation/kernel/message_socket.h"

namespace simulation {

MessageSocket::Pair MessageSocket::make_pair() {
  Pair pair{std::make_shared<MessageSocket>(), std::make_shared<MessageSocket>()};
  pair.first->peer_ = pair.second.get();
  pair.second->peer_ = pair.first.get();
  return pair;
}

long MessageSocket::send(FileMessage message) {
  if (peer_ == nullptr) return -EPIPE;
  if (peer_->queue_.size() >= kMostMessages) return -EAGAIN;
  const auto size = static_cast<long>(message.bytes.size());
  peer_->queue_.push_back(std::move(message));
  peer_->wake(EPOLLIN | EPOLLRDNORM);
  return size;
}

long MessageSocket::receive(FileMessage& message) {
  message = {};
  if (queue_.empty()) return peer_ == nullptr ? 0 : -EAGAIN;
  message = std::move(queue_.front());
  queue_.pop_front();
  if (peer_ != nullptr) peer_->wake(EPOLLOUT | EPOLLWRNORM);
  return static_cast<long>(message.bytes.size());
}

std::uint32_t MessageSocket::poll() {
  const bool has_room = peer_ != nullptr && peer_->queue_.size() < kMostMessages;
  return (queue_.empty() && peer_ != nullptr ? 0u : EPOLLIN | EPOLLRDNORM) |
         (peer_ == nullptr ? EPOLLHUP | EPOLLRDHUP : 0u) | (has_room ? EPOLLOUT : 0u);
}

/// What nobody has received is closed.
void MessageSocket::on_last_close() {
  const std::deque<FileMessage> left = std::move(queue_);
  queue_.clear();
  if (peer_ == nullptr) return;
  std::exchange(peer_->peer_, nullptr)->wake(0);
  peer_ = nullptr;
}

}  // namespace simulation
