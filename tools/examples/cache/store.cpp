// SPDX-License-Identifier: MIT
#include "store.h"

#include <utility>

namespace cache {

Store::Stored Store::set(std::string_view key, std::string_view value, std::optional<TimePoint> end,
                         TimePoint now) {
  const std::size_t bytes = cost(key, value);
  if (bytes > max_bytes_) return Stored::too_large;
  // Two ends for each that comes, so that what has ended is gone first, whatever the traffic.
  expire(now, 2);
  const auto old = find(key, now);
  const std::size_t freed = old == entries_.end() ? 0 : cost(old->key, old->value);
  if (old != entries_.end()) entries_.splice(entries_.begin(), entries_, old);  // not to be evicted
  if (!make_room(bytes > freed ? bytes - freed : 0)) return Stored::making_room;

  Entries fresh;
  fresh.push_front({std::string(key), std::string(value), {}});
  if (end) fresh.front().end = ends_.emplace(*end, fresh.begin());
  if (old != entries_.end()) {
    by_key_.erase(old->key);
    if (old->end) ends_.erase(*old->end);
    entries_.erase(old);
    bytes_ -= freed;
  }
  by_key_.emplace(fresh.front().key, fresh.begin());
  entries_.splice(entries_.begin(), fresh);
  bytes_ += bytes;
  on_change_(key, Change::set);
  return Stored::stored;
}

const std::string* Store::get(std::string_view key, TimePoint now) {
  const auto entry = find(key, now);
  if (entry == entries_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, entry);
  return &entry->value;
}

bool Store::erase(std::string_view key, TimePoint now) {
  const auto entry = find(key, now);
  if (entry == entries_.end()) return false;
  remove(entry, Change::deleted);
  return true;
}

std::optional<std::optional<TimePoint>> Store::end_of(std::string_view key, TimePoint now) {
  const auto entry = find(key, now);
  if (entry == entries_.end()) return std::nullopt;
  if (!entry->end) return std::optional<TimePoint>();
  return std::optional((*entry->end)->first);
}

std::size_t Store::expire(TimePoint now, std::size_t most) {
  std::size_t gone = 0;
  for (; gone < most && !ends_.empty() && ends_.begin()->first <= now; ++gone)
    remove(ends_.begin()->second, Change::expired);
  return gone;
}

/// What has ended is not there, though no slice has come to it yet.
Store::Entries::iterator Store::find(std::string_view key, TimePoint now) {
  const auto known = by_key_.find(key);
  if (known == by_key_.end()) return entries_.end();
  const auto entry = known->second;
  if (!entry->end || (*entry->end)->first > now) return entry;
  remove(entry, Change::expired);
  return entries_.end();
}

bool Store::make_room(std::size_t bytes) {
  for (std::size_t gone = 0; bytes_ + bytes > max_bytes_; ++gone) {
    if (gone == kMaxEvictedPerSet) return false;
    remove(std::prev(entries_.end()), Change::evicted);
  }
  return true;
}

void Store::remove(Entries::iterator entry, Change change) {
  if (entry->end) ends_.erase(*entry->end);
  by_key_.erase(entry->key);
  bytes_ -= cost(entry->key, entry->value);
  const std::string key = std::move(entry->key);
  entries_.erase(entry);
  on_change_(key, change);
}

}  // namespace cache
