// SPDX-License-Identifier: MIT
// Descriptors that only wake: eventfd(2), timerfd_create(2), signalfd(2).
#pragma once

#include <csignal>
#include <cstring>
#include <memory>
#include <optional>

#include "tests/simulation/kernel/open_file.h"
#include "tests/simulation/kernel/timeline.h"

namespace simulation {

class EventCounter final : public OpenFile {
 public:
  [[nodiscard]] std::uint32_t poll() override { return EPOLLOUT | (count_ > 0 ? EPOLLIN : 0u); }
  void add(std::uint64_t number) {
    count_ += number;
    wake(EPOLLIN);
  }
  [[nodiscard]] long read(char* into, std::size_t size) override {
    std::uint64_t number = 0;
    if (size < sizeof number) return -EINVAL;
    if (const long result = take(number); result != 0) return result;
    std::memcpy(into, &number, sizeof number);
    return sizeof number;
  }
  [[nodiscard]] long write(const char* bytes, std::size_t size) override {
    std::uint64_t number = 0;
    if (size < sizeof number) return -EINVAL;
    std::memcpy(&number, bytes, sizeof number);
    add(number);
    return sizeof number;
  }
  [[nodiscard]] long take(std::uint64_t& number) {
    if (count_ == 0) return -EAGAIN;
    number = count_;
    count_ = 0;
    return 0;
  }

 private:
  std::uint64_t count_ = 0;
};

class AlarmClock final : public OpenFile, public std::enable_shared_from_this<AlarmClock> {
 public:
  explicit AlarmClock(Timeline& timeline) : timeline_(timeline) {}
  [[nodiscard]] std::uint32_t poll() override { return expiries_ > 0 ? EPOLLIN : 0u; }
  [[nodiscard]] long read(char* into, std::size_t size) override {
    if (size < sizeof expiries_) return -EINVAL;
    if (expiries_ == 0) return -EAGAIN;
    std::memcpy(into, &expiries_, sizeof expiries_);
    expiries_ = 0;
    return sizeof expiries_;
  }
  /// None: off.
  void set(std::optional<Moment> when) {
    expiries_ = 0;
    const std::uint64_t setting = ++setting_;
    if (!when) return;
    timeline_.at(*when, [self = shared_from_this(), setting] {
      if (self->setting_ != setting) return;
      self->expiries_ = 1;
      self->wake(EPOLLIN);
    });
  }

 private:
  Timeline& timeline_;
  std::uint64_t expiries_ = 0;
  std::uint64_t setting_ = 0;
};

/// The signals of the process, which are all blocked and taken in turn: those that wait.
class Signals {
 public:
  struct Waiting {
    bool is_pending = false;
    bool has_value = false;
    int value = 0;
  };

  void raise(int signal, std::optional<int> value = std::nullopt) {
    if (signal <= 0 || signal >= NSIG) return;
    Waiting& waiting = waiting_[static_cast<std::size_t>(signal)];
    if (waiting.is_pending) return;  // the same again is one (signal(7))
    waiting = {true, value.has_value(), value.value_or(0)};
    if (watch_ != nullptr) watch_->wake(EPOLLIN);
  }
  [[nodiscard]] Waiting& of(int signal) { return waiting_[static_cast<std::size_t>(signal)]; }
  [[nodiscard]] bool is_any_pending() const {
    for (const Waiting& each : waiting_)
      if (each.is_pending) return true;
    return false;
  }
  void set_watch(OpenFile* watch) { watch_ = watch; }

 private:
  Waiting waiting_[NSIG];
  OpenFile* watch_ = nullptr;
};

class SignalFile final : public OpenFile {
 public:
  explicit SignalFile(Signals& signals) : signals_(signals) { signals_.set_watch(this); }
  ~SignalFile() override { signals_.set_watch(nullptr); }
  [[nodiscard]] std::uint32_t poll() override { return signals_.is_any_pending() ? EPOLLIN : 0u; }

 private:
  Signals& signals_;
};

}  // namespace simulation
