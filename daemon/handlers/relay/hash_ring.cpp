// SPDX-License-Identifier: MIT
#include "daemon/handlers/relay/hash_ring.h"

#include <fmt/format.h>

#include <algorithm>

namespace reactord {

namespace {

constexpr std::uint64_t kFnvOffset = 0xcbf29ce484222325;
constexpr std::uint64_t kFnvPrime = 0x100000001b3;

std::uint64_t mix(std::uint64_t hash) {
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccd;
  hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53;
  return hash ^ (hash >> 33);
}

}  // namespace

std::uint64_t stable_hash(std::string_view bytes) {
  std::uint64_t hash = kFnvOffset;
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * kFnvPrime;
  return mix(hash);
}

HashRing::HashRing(std::span<const std::string> names) {
  points_.reserve(names.size() * kPointsPerBackend);
  for (std::size_t backend = 0; backend < names.size(); ++backend)
    for (std::size_t point = 0; point < kPointsPerBackend; ++point)
      points_.push_back({stable_hash(fmt::format("{}#{}", names[backend], point)), backend});
  // Two points at one place: the name decides, as everything here does.
  std::sort(points_.begin(), points_.end(), [&](const Point& a, const Point& b) {
    return a.at != b.at ? a.at < b.at : names[a.backend] < names[b.backend];
  });
}

std::size_t HashRing::find(std::string_view key) const {
  const auto next =
      std::lower_bound(points_.begin(), points_.end(), stable_hash(key),
                       [](const Point& point, std::uint64_t at) { return point.at < at; });
  return next == points_.end() ? points_.front().backend : next->backend;
}

}  // namespace reactord
