// SPDX-License-Identifier: MIT
// Which of several backends a key belongs to, by consistent hashing: where one comes or goes, only
// the keys move that it has or had. Knows names and keys, no connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace reactord {

/// 64 bits that depend on every byte, the same on every machine and in every version: FNV-1a
/// (draft-eastlake-fnv), mixed once more by MurmurHash3's finalizer, since FNV's high bits are
/// weak.
[[nodiscard]] std::uint64_t stable_hash(std::string_view bytes);

class HashRing {
 public:
  /// Of each backend: with so many, ten backends' shares differ by less than a tenth mostly.
  static constexpr std::size_t kPointsPerBackend = 256;

  HashRing() = default;
  /// A backend's points depend on its name alone, not on its place in the list.
  explicit HashRing(std::span<const std::string> names);

  /// The index of the backend that `key` belongs to. There must be one.
  [[nodiscard]] std::size_t find(std::string_view key) const;
  [[nodiscard]] bool empty() const { return points_.empty(); }

 private:
  struct Point {
    std::uint64_t at;
    std::size_t backend;
  };
  std::vector<Point> points_;  ///< in order
};

}  // namespace reactord
