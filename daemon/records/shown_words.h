// SPDX-License-Identifier: MIT
// A request as people may see it, in the slow log and in MONITOR: without what is secret.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/interface/command_spec.h"

namespace reactord {

/// Where the secrets of a request begin: the number of the first word that nobody may see; of a
/// command with `name_words` words of its own.
[[nodiscard]] std::size_t first_secret(std::span<const std::string_view> words,
                                       std::size_t name_words, Secrets secrets);

/// Shortened as in Redis' slow log: 32 words of 128 bytes, and how much more there is.
class ShortWords {
 public:
  static constexpr std::size_t kMaxWords = 32;
  static constexpr std::size_t kMaxBytes = 128;
  static constexpr std::string_view kRedacted = "(redacted)";

  [[nodiscard]] static std::vector<std::string> of(std::span<const std::string_view> words,
                                                   std::size_t all_words, std::size_t first_secret);
};

}  // namespace reactord
