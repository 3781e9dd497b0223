// SPDX-License-Identifier: MIT
#include "tools/reactor-load/scenario/request_template.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/text/toml_text.h"
#include "protocol/framing/inline_line.h"

namespace reactord::load {
namespace {

constexpr std::size_t kMostWords = 100'000;

char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

void append_constant(WordTemplate& word, std::string_view text) {
  if (text.empty()) return;
  if (word.pieces.empty() || !std::holds_alternative<std::string>(word.pieces.back())) {
    word.pieces.emplace_back(std::string());
  }
  std::get<std::string>(word.pieces.back()) += text;
}

}  // namespace

bool WordTemplate::is_constant() const {
  return std::all_of(pieces.begin(), pieces.end(),
                     [](const auto& piece) { return std::holds_alternative<std::string>(piece); });
}

void WordTemplate::append(std::string& out, GeneratorState& state) const {
  for (const auto& piece : pieces) {
    if (const auto* constant = std::get_if<std::string>(&piece)) {
      out += *constant;
    } else {
      std::get<Generator>(piece).append(out, state);
    }
  }
}

std::string RequestTemplate::label() const {
  if (words.empty() || !words.front().is_constant() || words.front().pieces.empty()) return "";
  std::string label = std::get<std::string>(words.front().pieces.front());
  std::transform(label.begin(), label.end(), label.begin(), upper);
  return label;
}

std::string parse_word(std::string_view text, const std::string& folder, std::size_t& places,
                       WordTemplate& out) {
  out = {};
  while (!text.empty()) {
    const std::size_t brace = std::min(text.find_first_of("{}"), text.size());
    append_constant(out, text.substr(0, brace));
    text.remove_prefix(brace);
    if (text.empty()) break;
    if (text.size() > 1 && text[1] == text[0]) {
      append_constant(out, text.substr(0, 1));
      text.remove_prefix(2);
      continue;
    }
    const std::size_t end = text.find('}');
    if (text[0] == '}' || end == std::string_view::npos) {
      return fmt::format("a brace without its partner in {}; write '{}' for one that is sent",
                         shown(text), text[0] == '}' ? "}}" : "{{");
    }
    Generator generator;
    std::string problem = parse_generator(text.substr(1, end - 1), folder, places, generator);
    if (!problem.empty()) return problem;
    out.pieces.emplace_back(std::move(generator));
    text.remove_prefix(end + 1);
  }
  return {};
}

std::string parse_request(std::span<const std::string> texts, const std::string& folder,
                          std::size_t& places, RequestTemplate& out) {
  std::vector<std::string_view> words(texts.begin(), texts.end());
  std::string decoded;
  if (texts.size() == 1) {
    words.clear();
    if (split_inline(texts.front(), kMostWords, words, decoded) != SplitStatus::ok) {
      return fmt::format("unbalanced quotes in {}", shown(texts.front()));
    }
  }
  if (words.empty()) return "a request needs a word at least";
  out.words.clear();
  for (const std::string_view word : words) {
    std::string problem = parse_word(word, folder, places, out.words.emplace_back());
    if (!problem.empty()) return problem;
  }
  return {};
}

}  // namespace reactord::load
