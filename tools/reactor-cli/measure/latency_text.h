// SPDX-License-Identifier: MIT
// Latencies that were measured, and how they read. In milliseconds. Knows no server and no clock.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace reactord::cli {

struct LatencySummary {
  double min = 0;
  double max = 0;
  double sum = 0;
  std::uint64_t count = 0;

  void add(double milliseconds);
  [[nodiscard]] double mean() const { return count == 0 ? 0 : sum / static_cast<double>(count); }
};

/// "min: 0.05, max: 1.20, avg: 0.11 (97 samples)"
[[nodiscard]] std::string latency_for_people(const LatencySummary& summary);
/// "0.05 1.20 0.11 97", for scripts.
[[nodiscard]] std::string latency_for_pipe(const LatencySummary& summary);
[[nodiscard]] std::string latency_json(const LatencySummary& summary);

/// How many latencies were of which size.
class LatencyBuckets {
 public:
  /// Up to where a bucket goes, and its sign on the screen: redis-cli's, for who knows those.
  struct Bucket {
    double up_to;
    char sign;
  };
  static constexpr std::array kBuckets{
      Bucket{0.01, '.'}, Bucket{0.125, '-'}, Bucket{0.25, '*'}, Bucket{0.5, '#'},
      Bucket{1, '1'},    Bucket{2, '2'},     Bucket{3, '3'},    Bucket{4, '4'},
      Bucket{5, '5'},    Bucket{6, '6'},     Bucket{7, '7'},    Bucket{8, '8'},
      Bucket{9, '9'},    Bucket{10, 'A'},    Bucket{20, 'B'},   Bucket{30, 'C'},
      Bucket{40, 'D'},   Bucket{50, 'E'},    Bucket{100, 'F'},  Bucket{200, 'G'},
      Bucket{300, 'H'},  Bucket{400, 'I'},   Bucket{500, 'J'},  Bucket{1000, 'K'},
      Bucket{2000, 'L'}, Bucket{4000, 'M'},  Bucket{8000, 'N'}};

  void add(double milliseconds);
  void clear() { *this = LatencyBuckets(); }
  [[nodiscard]] std::uint64_t count() const { return summary_.count; }

  /// What the signs mean: a few lines.
  [[nodiscard]] static std::string legend();
  /// A sign for each bucket, the brighter the more there are; without colours only those that have
  /// any.
  [[nodiscard]] std::string spectrum(bool color) const;
  /// "97 samples, max 1.20 ms: 80 up to 0.125, 17 up to 2"
  [[nodiscard]] std::string line() const;
  [[nodiscard]] std::string json() const;

 private:
  LatencySummary summary_;
  std::array<std::uint64_t, kBuckets.size() + 1> counts_{};  ///< the last: longer than all
};

}  // namespace reactord::cli
