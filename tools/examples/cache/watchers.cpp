// SPDX-License-Identifier: MIT
#include "watchers.h"

#include <algorithm>

namespace cache {

using reactord::PushResult;
using reactord::ReplyWriter;

Watcher::~Watcher() {
  if (watchers_ != nullptr) watchers_->forget(*this);
}

bool Watchers::watch(Watcher& watcher, std::string_view key, reactord::HandlerContext& context) {
  if (watcher.keys_.contains(key)) return true;
  if (watched_.size() >= kMaxWatched) return false;
  if (watcher.watchers_ == nullptr) {
    watcher.pushes_ = context.subscribe();
    watcher.watchers_ = this;
  }
  watcher.keys_.emplace(key);
  watched_.emplace(key, &watcher);
  return true;
}

bool Watchers::unwatch(Watcher& watcher, std::string_view key) {
  const auto known = watcher.keys_.find(key);
  if (known == watcher.keys_.end()) return false;
  remove(watcher, key);
  watcher.keys_.erase(known);
  if (watcher.keys_.empty()) forget(watcher);
  return true;
}

std::size_t Watchers::tell(std::string_view key, std::string_view change) {
  std::size_t told = 0;
  const auto [begin, end] = watched_.equal_range(key);
  for (auto at = begin; at != end; ++at) told += tell(*at->second, key, change) ? 1 : 0;
  return told;
}

/// Whoever has missed something hears of that first.
bool Watchers::tell(Watcher& watcher, std::string_view key, std::string_view change) {
  if (missed_.contains(&watcher)) {
    if (!push(watcher, "missed", "")) return false;
    missed_.erase(&watcher);
  }
  if (push(watcher, change, key)) return true;
  missed_.insert(&watcher);
  return false;
}

void Watchers::tell_missed() {
  std::erase_if(missed_, [](Watcher* watcher) { return push(*watcher, "missed", ""); });
}

void Watchers::forget(Watcher& watcher) {
  for (const std::string& key : watcher.keys_) remove(watcher, key);
  watcher.keys_.clear();
  missed_.erase(&watcher);
  watcher.watchers_ = nullptr;
  watcher.pushes_ = {};
}

void Watchers::remove(const Watcher& watcher, std::string_view key) {
  const auto [begin, end] = watched_.equal_range(key);
  const auto at = std::find_if(begin, end, [&](const auto& one) { return one.second == &watcher; });
  if (at != end) watched_.erase(at);
}

bool Watchers::push(Watcher& watcher, std::string_view change, std::string_view key) {
  return watcher.pushes_.push([&](ReplyWriter& push) {
    push.push(3);
    push.bulk("keychange");
    push.bulk(change);
    push.bulk(key);
  }) != PushResult::dropped;
}

}  // namespace cache
