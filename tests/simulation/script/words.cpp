// SPDX-License-Identifier: MIT
#include "tests/simulation/script/words.h"

#include <sstream>

namespace simulation {

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) {
    const std::size_t star = word.find('*');
    const bool is_value = star > 1 && star != word.npos && word[star - 2] == '=';
    if ((star == 1 || is_value) && star + 1 < word.size()) {
      const std::size_t count = std::stoul(word.substr(star + 1));
      word = word.substr(0, star - 1) + std::string(count, word[star - 1]);
    }
    words.push_back(word);
  }
  return words;
}

std::string unescaped(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      bytes += text[i];
      continue;
    }
    switch (text[++i]) {
      case 'r':
        bytes += '\r';
        break;
      case 'n':
        bytes += '\n';
        break;
      case 'x':
        bytes += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
        i += 2;
        break;
      default:
        bytes += text[i];
    }
  }
  return bytes;
}

}  // namespace simulation
