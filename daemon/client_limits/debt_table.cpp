// SPDX-License-Identifier: MIT
#include "daemon/client_limits/debt_table.h"

#include <sys/random.h>

#include <new>

namespace reactord {

namespace {

/// Murmur3's finaliser: each bit of the input changes half of the output's.
std::uint64_t mixed(std::uint64_t value) {
  value = (value ^ (value >> 33)) * 0xff51afd7ed558ccd;
  value = (value ^ (value >> 33)) * 0xc4ceb9fe1a85ec53;
  return value ^ (value >> 33);
}

constexpr DebtTable::Debts kNothing;

}  // namespace

/// Where the kernel has none yet, the address space's layout is what nobody knows.
HashSeed HashSeed::random() {
  HashSeed seed;
  if (::getrandom(&seed, sizeof seed, GRND_NONBLOCK) == static_cast<ssize_t>(sizeof seed))
    return seed;
  return {mixed(reinterpret_cast<std::uintptr_t>(&seed)),
          mixed(reinterpret_cast<std::uintptr_t>(&kNothing))};
}

DebtTable::DebtTable(std::size_t clients, HashSeed seed)
    : seed_(seed),
      sets_(std::max<std::size_t>(1, (clients + kPlaces - 1) / kPlaces)),
      entries_(static_cast<Entry*>(std::calloc(sets_ * kPlaces, sizeof(Entry)))) {
  if (!entries_) throw std::bad_alloc();
}

DebtTable::Entry* DebtTable::set_of(const LimitKey& key) const {
  const std::uint64_t hash = mixed(mixed(key[0] ^ seed_.first) + (key[1] ^ seed_.second));
  return &entries_[hash % sets_ * kPlaces];
}

const DebtTable::Debts& DebtTable::find(const LimitKey& key) const {
  const Entry* const set = set_of(key);
  for (std::size_t place = 0; place < kPlaces; ++place)
    if (set[place].key == key) return set[place].debts;
  return kNothing;
}

DebtTable::Debts& DebtTable::charge(const LimitKey& key, TimePoint now) {
  Entry* const set = set_of(key);
  Entry* least = set;
  for (std::size_t place = 0; place < kPlaces; ++place) {
    if (set[place].key == key) return set[place].debts;
    if (set[place].debts.latest() < least->debts.latest()) least = &set[place];
  }
  if (least->debts.latest() > now.time_since_epoch().count()) ++forgotten_;
  *least = {key, {}};
  return least->debts;
}

}  // namespace reactord
