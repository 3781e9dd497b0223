// SPDX-License-Identifier: MIT
// The beginning of a request's words, as people may see them, for as long as its reply is on its
// way: in a room of its own, since there may be many of those, and few are ever asked about.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace reactord {

class KeptWords {
 public:
  static constexpr std::size_t kMaxWords = 6;
  static constexpr std::size_t kMaxBytes = 80;  ///< of all of them together

  /// Nothing of what is secret: the words from number `first_secret` on.
  void keep(std::span<const std::string_view> words, std::size_t first_secret);
  [[nodiscard]] bool empty() const { return all_words_ == 0; }
  /// As ShortWords.
  [[nodiscard]] std::vector<std::string> shown() const;

 private:
  struct Word {
    std::uint32_t bytes;
    std::uint8_t kept;
    bool is_secret;
  };
  std::size_t all_words_ = 0;
  std::array<Word, kMaxWords> words_;
  std::array<char, kMaxBytes> text_;
};

}  // namespace reactord
