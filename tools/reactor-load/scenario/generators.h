// SPDX-License-Identifier: MIT
// Makes the parts of requests that vary: numbers, decimals, texts, lines of a file. What a client
// makes depends on the seed and the client's number alone, not on threads or on time. Knows no
// request and no server.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace reactord::load {

/// xoshiro256** (Blackman and Vigna, public domain), seeded by splitmix64: fast, and the same on
/// every machine, which std::uniform_int_distribution is not.
class Rng {
 public:
  explicit Rng(std::uint64_t seed);
  [[nodiscard]] std::uint64_t next();
  /// From 0 to `bound` - 1; 0 when `bound` is 0 stands for all 64 bits.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound);
  /// Both ends included.
  [[nodiscard]] std::int64_t between(std::int64_t least, std::int64_t most);
  /// Above 0, and at most 1.
  [[nodiscard]] double unit();

 private:
  std::uint64_t state_[4];
};

/// A seed for one client of one group.
[[nodiscard]] std::uint64_t client_seed(std::uint64_t seed, std::uint64_t group,
                                        std::uint64_t client);

/// What a client's generators remember.
struct GeneratorState {
  Rng rng;
  std::uint64_t client = 0;         ///< its number in the group, from 1
  std::uint64_t counter = 0;        ///< how often {counter} was written
  std::vector<std::size_t> places;  ///< of each {next}, by Generator::place
};

/// How long a text is.
struct Lengths {
  enum class Shape : std::uint8_t { uniform, exponential, normal };
  Shape shape = Shape::uniform;
  std::int64_t least = 0;  ///< uniform: the bounds
  std::int64_t most = 0;
  double mean = 0;  ///< of the others, which are cut at kMostBytes
  double deviation = 0;
  static constexpr std::int64_t kMostBytes = 64 << 20;

  [[nodiscard]] std::size_t draw(Rng& rng) const;
};

/// One "{...}" of a template.
struct Generator {
  enum class Kind : std::uint8_t {
    integer,    ///< {int:A..B}
    real,       ///< {real:A..B:PLACES}: a decimal with that many places
    digits,     ///< {digits:N}, {digits:A..B}: that many random digits, the first not 0
    text,       ///< {text:N}, {text:A..B}, {text:exp:MEAN}, {text:normal:MEAN:DEVIATION}
    bytes,      ///< the same, of any bytes
    line,       ///< {line:FILE}: one of its lines, at random
    next_line,  ///< {next:FILE}: its lines in order, from the first again after the last
    counter,    ///< {counter}: 1, 2, 3, ... of this client
    client,     ///< {client}: the client's number in its group, from 1
  };
  Kind kind = Kind::counter;
  std::int64_t least = 0;  ///< integer and real; of a real, times 10^places
  std::int64_t most = 0;
  int places = 0;
  Lengths lengths;
  std::shared_ptr<const std::vector<std::string>> lines;
  std::size_t place = 0;  ///< of next_line: which of GeneratorState::places

  /// Appends what it makes.
  void append(std::string& out, GeneratorState& state) const;
};

/// Reads what stands between the braces; files are relative to `folder`. `places` counts the {next}
/// so far. Returns the problem, or "" after filling `out`.
[[nodiscard]] std::string parse_generator(std::string_view text, const std::string& folder,
                                          std::size_t& places, Generator& out);

}  // namespace reactord::load
