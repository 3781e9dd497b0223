// SPDX-License-Identifier: MIT
#include "daemon/records/shown_words.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/words.h"

namespace reactord {

namespace {

std::string shortened(std::string_view word) {
  if (word.size() <= ShortWords::kMaxBytes) return std::string(word);
  return fmt::format("{}... ({} more bytes)", word.substr(0, ShortWords::kMaxBytes),
                     word.size() - ShortWords::kMaxBytes);
}

}  // namespace

std::size_t first_secret(std::span<const std::string_view> words, std::size_t name_words,
                         Secrets secrets) {
  switch (secrets) {
    case Secrets::none:
      return words.size();
    case Secrets::all:
      return name_words;
    case Secrets::behind_auth:
      for (std::size_t i = name_words; i < words.size(); ++i)
        if (same_word(words[i], "auth") || same_word(words[i], "auth2")) return i + 1;
      return words.size();
  }
  return 0;
}

std::vector<std::string> ShortWords::of(std::span<const std::string_view> words,
                                        std::size_t all_words, std::size_t first_secret) {
  const bool is_cut = all_words > kMaxWords;
  const std::size_t shown = std::min(words.size(), is_cut ? kMaxWords - 1 : kMaxWords);
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < shown; ++i)
    texts.push_back(i < first_secret ? shortened(words[i]) : std::string(kRedacted));
  if (is_cut) texts.push_back(fmt::format("... ({} more arguments)", all_words - shown));
  return texts;
}

}  // namespace reactord
