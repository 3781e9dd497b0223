// SPDX-License-Identifier: MIT
// Keys with their values and ends, within a bound of memory: who was not asked for longest goes
// first. Knows no command and no clock but the time it is given.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace cache {

using TimePoint = std::chrono::steady_clock::time_point;  // monotonic

enum class Change : std::uint8_t { set, deleted, expired, evicted };

class Store {
 public:
  /// `on_change` is told of each key that changes or goes, when it has.
  using OnChange = std::function<void(std::string_view key, Change change)>;
  Store(std::size_t max_bytes, OnChange on_change)
      : max_bytes_(max_bytes), on_change_(std::move(on_change)) {}

  void set_max_bytes(std::size_t max_bytes) { max_bytes_ = max_bytes; }

  enum class Stored : std::uint8_t { stored, too_large, making_room };
  /// Replaces the value and its end (none: never). `too_large`: it would not fit into the whole
  /// cache. `making_room`: so much has to go for it that it is to be tried again; nothing was set.
  Stored set(std::string_view key, std::string_view value, std::optional<TimePoint> end,
             TimePoint now);
  /// Null where there is none. The view is valid until the next call.
  [[nodiscard]] const std::string* get(std::string_view key, TimePoint now);
  bool erase(std::string_view key, TimePoint now);
  /// Its end; nothing in it: never. Nothing: there is no such key.
  [[nodiscard]] std::optional<std::optional<TimePoint>> end_of(std::string_view key, TimePoint now);

  /// Removes at most so many that have ended; how many.
  std::size_t expire(TimePoint now, std::size_t most);

  /// Evicts some, where there is more than may be: a reload has lowered the bound.
  void trim() { (void)make_room(0); }

  [[nodiscard]] std::size_t size() const { return by_key_.size(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  struct Entry;
  using Entries = std::list<Entry>;
  using Ends = std::multimap<TimePoint, Entries::iterator>;
  struct Entry {
    std::string key;
    std::string value;
    std::optional<Ends::iterator> end;
  };

  /// The nodes of the three containers and what the allocator adds, as measured: about 250 bytes.
  static constexpr std::size_t kEntryBytes = 256;
  /// Each takes some 0.3 microseconds: a SET takes 150 at most, and room for 128 KiB is there.
  static constexpr std::size_t kMaxEvictedPerSet = 512;

  [[nodiscard]] static std::size_t cost(std::string_view key, std::string_view value) {
    return kEntryBytes + key.size() + value.size();
  }
  [[nodiscard]] Entries::iterator find(std::string_view key, TimePoint now);
  [[nodiscard]] bool make_room(std::size_t bytes);
  void remove(Entries::iterator entry, Change change);

  std::size_t max_bytes_;
  OnChange on_change_;
  Entries entries_;  ///< those asked for last come first
  Ends ends_;
  std::unordered_map<std::string_view, Entries::iterator> by_key_;  ///< views of the entries' keys
  std::size_t bytes_ = 0;
};

}  // namespace cache
