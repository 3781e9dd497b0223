// SPDX-License-Identifier: MIT
// The numbers of a seed. There is no way to draw one without it; and whoever draws has numbers of
// its own (branch), so that a client which is left out of a script changes nothing for the others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace simulation {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  /// splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators).
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  /// From 0 to below `bound`, which is above 0.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  /// Both ends included.
  std::int64_t between(std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(most - least) + 1));
  }
  bool chance(int percent) { return below(100) < static_cast<std::uint64_t>(percent); }
  template <class T, std::size_t N>
  const T& pick(const T (&choices)[N]) {
    return choices[below(N)];
  }
  template <class Range>
  auto& pick(Range& choices) {
    return choices[below(std::size(choices))];
  }
  /// Numbers that depend on the seed and `tag` alone, however many were drawn here.
  [[nodiscard]] static Random branch(std::uint64_t seed, std::uint64_t tag) {
    return Random(Random(seed ^ (tag * 0xd1342543de82ef95)).next());
  }

 private:
  std::uint64_t state_;
};

}  // namespace simulation
