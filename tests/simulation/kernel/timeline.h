// SPDX-License-Identifier: MIT
// Simulated time, and what happens when. Moments are nanoseconds since the machine was started.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>

namespace simulation {

using Moment = std::chrono::nanoseconds;

class Timeline {
 public:
  explicit Timeline(Moment start) : now_(start) {}

  [[nodiscard]] Moment now() const { return now_; }
  /// Time passes; what falls due meanwhile happens when run_due() is called.
  void advance(Moment by) { now_ += by; }
  void go_to(Moment moment) {
    if (moment > now_) now_ = moment;
  }

  void at(Moment when, std::function<void()> action) {
    actions_.emplace(std::pair(when, ++last_), std::move(action));
  }
  void after(Moment pause, std::function<void()> action) { at(now_ + pause, std::move(action)); }
  /// How much has happened.
  [[nodiscard]] std::uint64_t done() const { return done_; }
  [[nodiscard]] std::optional<Moment> next() const {
    if (actions_.empty()) return std::nullopt;
    return actions_.begin()->first.first;
  }
  /// What is due, and what that makes due; whether there was any.
  bool run_due() {
    bool has_run = false;
    while (!actions_.empty() && actions_.begin()->first.first <= now_) {
      const auto first = actions_.extract(actions_.begin());
      first.mapped()();
      ++done_;
      has_run = true;
    }
    return has_run;
  }

 private:
  Moment now_;
  std::uint64_t done_ = 0;
  std::uint64_t last_ = 0;  ///< of two actions at one moment, the older comes first
  std::map<std::pair<Moment, std::uint64_t>, std::function<void()>> actions_;
};

}  // namespace simulation
