// SPDX-License-Identifier: MIT
// Deadlines of one kind, which all have the same length: a FIFO of intrusive links, ordered by
// start time. Arm, re-arm and cancel are O(1). The length lives in the queue, so that changing it
// keeps the order.
#pragma once

#include <optional>

#include "daemon/reactor/clock.h"

namespace reactord {

/// One thing's place in one queue at a time. Derive from it once per `Kind` of deadline that a type
/// can have running side by side. Cancels itself when it is destroyed.
template <class Kind>
class DeadlineLink {
 public:
  DeadlineLink() = default;
  DeadlineLink(const DeadlineLink&) = delete;
  DeadlineLink& operator=(const DeadlineLink&) = delete;
  ~DeadlineLink() { cancel(); }

  [[nodiscard]] bool is_armed() const { return next_ != nullptr; }
  [[nodiscard]] TimePoint started() const { return started_; }

  void cancel() {
    if (!is_armed()) return;
    previous_->next_ = next_;
    next_->previous_ = previous_;
    next_ = previous_ = nullptr;
  }

 private:
  template <class>
  friend class DeadlineQueue;

  DeadlineLink* previous_ = nullptr;
  DeadlineLink* next_ = nullptr;
  TimePoint started_{};
};

template <class Kind>
class DeadlineQueue {
 public:
  using Link = DeadlineLink<Kind>;

  /// A length of zero is "off": links are kept in order, none expires.
  explicit DeadlineQueue(Duration length) : length_(length) {
    head_.next_ = head_.previous_ = &head_;
  }
  ~DeadlineQueue() {
    while (head_.next_ != &head_) head_.next_->cancel();
    head_.next_ = head_.previous_ = nullptr;
  }
  DeadlineQueue(const DeadlineQueue&) = delete;
  DeadlineQueue& operator=(const DeadlineQueue&) = delete;

  [[nodiscard]] Duration length() const { return length_; }
  void set_length(Duration length) { length_ = length; }

  /// Starts `link`'s time now, wherever it was before. `now` must not go backwards between calls.
  void arm(Link& link, TimePoint now) {
    link.cancel();
    link.started_ = now;
    link.previous_ = head_.previous_;
    link.next_ = &head_;
    head_.previous_->next_ = &link;
    head_.previous_ = &link;
  }

  /// The same for a time that has begun `then`, perhaps before others: looks for its place from the
  /// latest on.
  void arm_earlier(Link& link, TimePoint then) {
    link.cancel();
    link.started_ = then;
    Link* before = head_.previous_;
    while (before != &head_ && before->started_ > then) before = before->previous_;
    link.previous_ = before;
    link.next_ = before->next_;
    before->next_->previous_ = &link;
    before->next_ = &link;
  }

  /// The link that was armed first; null if there is none.
  [[nodiscard]] Link* first() const { return head_.next_ == &head_ ? nullptr : head_.next_; }

  /// When the first link expires, if any does.
  [[nodiscard]] std::optional<TimePoint> next() const {
    if (length_ == Duration::zero() || first() == nullptr) return std::nullopt;
    return first()->started_ + length_;
  }

  /// Takes the first expired link out of the queue; null when none is left. O(1).
  [[nodiscard]] Link* pop_expired(TimePoint now) {
    const std::optional<TimePoint> first = next();
    if (!first || *first > now) return nullptr;
    Link* link = head_.next_;
    link->cancel();
    return link;
  }

 private:
  Link head_;  // its own neighbour when the queue is empty
  Duration length_;
};

}  // namespace reactord
