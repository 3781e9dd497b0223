// SPDX-License-Identifier: MIT
// Who wants to hear of which key. A connection's part ends with the connection (ConnectionState).
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "reactord/handler.h"

namespace cache {

class Watchers;

/// What one connection watches.
class Watcher : public reactord::ConnectionState {
 public:
  ~Watcher() override;

 private:
  friend class Watchers;
  Watchers* watchers_ = nullptr;  ///< null: it watches nothing
  reactord::PushHandle pushes_;
  std::set<std::string, std::less<>> keys_;
};

class Watchers {
 public:
  /// All together: one change tells all of them in one turn of the loop, and a push takes less than
  /// a microsecond.
  static constexpr std::size_t kMaxWatched = 1000;

  /// False: too much is watched.
  bool watch(Watcher& watcher, std::string_view key, reactord::HandlerContext& context);
  /// Whether it was watched.
  bool unwatch(Watcher& watcher, std::string_view key);
  /// How many heard of it.
  std::size_t tell(std::string_view key, std::string_view change);
  /// Those who read too slowly, and have missed something, are told so once they read again.
  void tell_missed();
  void forget(Watcher& watcher);

  [[nodiscard]] std::size_t size() const { return watched_.size(); }

 private:
  /// False: the reader is slow, and nothing was sent.
  static bool push(Watcher& watcher, std::string_view change, std::string_view key);
  bool tell(Watcher& watcher, std::string_view key, std::string_view change);
  void remove(const Watcher& watcher, std::string_view key);

  std::multimap<std::string, Watcher*, std::less<>> watched_;
  std::set<Watcher*> missed_;  ///< for whom a push found no room, which is not said yet
};

}  // namespace cache
