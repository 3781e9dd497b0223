// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/completion/completion.h"

#include <algorithm>
#include <cstddef>

namespace reactord::cli {
namespace {

std::string_view common_beginning(std::string_view a, std::string_view b) {
  const auto end = std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first;
  return a.substr(0, static_cast<std::size_t>(end - a.begin()));
}

}  // namespace

Completion complete_word(std::string_view prefix, std::span<const std::string> words) {
  Completion completion;
  std::string_view common;
  for (const std::string& word : words) {
    if (!word.starts_with(prefix)) continue;
    common = completion.lines.empty() ? std::string_view(word) : common_beginning(common, word);
    completion.lines.push_back(word);
  }
  if (completion.lines.empty()) return completion;
  completion.insert = common.substr(prefix.size());
  if (completion.lines.size() == 1) completion.insert += ' ';
  return completion;
}

}  // namespace reactord::cli
