// SPDX-License-Identifier: MIT
// Wrong passwords, by where they came from: each source waits for its own, and for nobody else's.
// Bounded; knows no connection and no loop.
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <map>

#include "daemon/reactor/clock.h"

namespace reactord {

/// Where a login comes from: a client's address (the /64 of an IPv6 address), or its user at a Unix
/// socket.
using LoginSource = std::array<std::uint8_t, 17>;

class Guesses {
 public:
  /// People mistype a password once or twice.
  static constexpr int kFree = 3;
  /// From then on twice as long for each, up to kMostPause: some 20,000 guesses a day.
  static constexpr Duration kFirstPause = std::chrono::milliseconds(250);
  static constexpr Duration kMostPause = std::chrono::seconds(4);
  /// A source without a wrong password for so long begins anew. Asking does not prolong it.
  static constexpr Duration kMemory = std::chrono::minutes(10);
  /// 64 bytes each. Beyond it the one that has been good for the longest is forgotten: whoever has
  /// as many addresses gains by each of them what an honest client has.
  static constexpr std::size_t kMaxSources = 4096;

  /// A wrong password; from when on the next one from there is looked at.
  TimePoint note(const LoginSource& source, TimePoint now);
  [[nodiscard]] TimePoint not_before(const LoginSource& source) const;
  [[nodiscard]] std::size_t size() const { return by_source_.size(); }

 private:
  struct Record {
    LoginSource source;
    int wrong = 0;
    TimePoint last{};
    TimePoint not_before{};
  };
  using Records = std::list<Record>;

  [[nodiscard]] Record& record_of(const LoginSource& source);
  void forget_oldest(TimePoint now);

  Records records_;  ///< the latest wrong password last
  std::map<LoginSource, Records::iterator> by_source_;
};

}  // namespace reactord
