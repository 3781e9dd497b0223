// SPDX-License-Identifier: MIT
#include "daemon/records/kept_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "daemon/records/shown_words.h"

namespace reactord {

void KeptWords::keep(std::span<const std::string_view> words, std::size_t first_secret) {
  static_assert(kMaxBytes <= std::numeric_limits<std::uint8_t>::max());
  all_words_ = words.size();
  std::size_t used = 0;
  for (std::size_t i = 0; i < std::min(words.size(), kMaxWords); ++i) {
    const bool is_secret = i >= first_secret;
    const std::size_t kept = is_secret ? 0 : std::min(words[i].size(), kMaxBytes - used);
    std::copy_n(words[i].data(), kept, text_.data() + used);
    used += kept;
    words_[i] = {static_cast<std::uint32_t>(words[i].size()), static_cast<std::uint8_t>(kept),
                 is_secret};
  }
}

std::vector<std::string> KeptWords::shown() const {
  const std::size_t shown = std::min(all_words_, kMaxWords);
  std::vector<std::string> texts;
  const char* at = text_.data();
  for (const Word& word : std::span(words_).first(shown)) {
    std::string text =
        word.is_secret ? std::string(ShortWords::kRedacted) : std::string(at, word.kept);
    if (!word.is_secret && word.kept < word.bytes)
      text += fmt::format("... ({} more bytes)", word.bytes - word.kept);
    texts.push_back(std::move(text));
    at += word.kept;
  }
  if (shown < all_words_)
    texts.push_back(fmt::format("... ({} more arguments)", all_words_ - shown));
  return texts;
}

}  // namespace reactord
