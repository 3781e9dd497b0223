// SPDX-License-Identifier: MIT
// What clients owe (gcra.h), by a key, in a table of bounded size. Where there is no room for one
// more, the one goes who would be out of debt first: whoever comes from very many addresses makes
// the daemon forget those who owe little, and that is in their favour. To have a client forgotten
// who owes much takes as many who owe more.
//
// An entry lives exactly as long as its client owes something: looking does not prolong it, and
// nothing needs to be cleaned up. The table never grows, and memory is touched where it is used.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "daemon/client_limits/gcra.h"
#include "daemon/reactor/clock.h"

namespace reactord {

/// Who is meant: an address, in its mapped form, or a user.
using LimitKey = std::array<std::uint64_t, 2>;

/// A client's place in a table is found by a hash that it cannot know.
struct HashSeed {
  std::uint64_t first = 0;
  std::uint64_t second = 0;
  /// From the kernel.
  [[nodiscard]] static HashSeed random();
};

class DebtTable {
 public:
  /// Of one client.
  struct Debts {
    Gcra::Debt connections = 0;
    Gcra::Debt requests = 0;
    Gcra::Debt bytes = 0;
    [[nodiscard]] Gcra::Debt latest() const { return std::max({connections, requests, bytes}); }
  };

  /// For about so many clients. Throws std::bad_alloc.
  DebtTable(std::size_t clients, HashSeed seed);

  /// What the client owes; nothing where it is not known. Valid until the next call of charge().
  [[nodiscard]] const Debts& find(const LimitKey& key) const;
  /// The same, to be changed: somebody else may be forgotten for it.
  [[nodiscard]] Debts& charge(const LimitKey& key, TimePoint now);

  [[nodiscard]] std::size_t capacity() const { return sets_ * kPlaces; }
  /// Clients who were forgotten while they owed something.
  [[nodiscard]] std::uint64_t forgotten() const { return forgotten_; }

 private:
  /// Of a set: two cache lines and a half are looked at, and a table that is three quarters full
  /// has a free place in nearly every set.
  static constexpr std::size_t kPlaces = 8;
  struct Entry {
    LimitKey key;
    Debts debts;
  };
  struct Free {
    void operator()(Entry* entries) const { std::free(entries); }
  };

  [[nodiscard]] Entry* set_of(const LimitKey& key) const;

  HashSeed seed_;
  std::size_t sets_;
  std::unique_ptr<Entry[], Free> entries_;  ///< zeros, until they are used: nobody owes anything
  std::uint64_t forgotten_ = 0;
};

}  // namespace reactord
