// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/output/wrap.h"

#include <sys/ioctl.h>

#include <algorithm>

namespace reactord::cli {
namespace {

/// Bytes that begin with `begin` of a text and take no more than `columns`.
std::size_t bytes_of(std::string_view text, std::size_t columns) {
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    const bool begins_character = (static_cast<unsigned char>(text[at]) & 0xc0) != 0x80;
    if (begins_character && columns-- == 0) break;
  }
  return at;
}

/// Where a line that does not fit is broken: behind the last word that does, or the first.
std::size_t end_of_words(std::string_view line, std::size_t begin, std::size_t fitting) {
  const std::size_t first_word = line.find_first_not_of(' ', begin);
  const std::size_t blank = line.rfind(' ', fitting);
  if (blank != line.npos && blank > first_word) return line.find_last_not_of(' ', blank) + 1;
  return std::min(line.find(' ', first_word), line.size());
}

void append_wrapped(std::string& out, std::string_view line, std::size_t columns) {
  const std::size_t indent = std::min(line.find_first_not_of(' '), line.size());
  // An indent that leaves hardly room is given up.
  const std::string margin(indent < columns / 2 ? indent : 0, ' ');
  std::string rest = margin + std::string(line.substr(indent));
  while (bytes_of(rest, columns) < rest.size()) {
    const std::size_t end = end_of_words(rest, margin.size(), bytes_of(rest, columns));
    const std::size_t next = std::min(rest.find_first_not_of(' ', end), rest.size());
    if (next == rest.size()) break;
    out += rest.substr(0, end) + '\n';
    rest = margin + rest.substr(next);
  }
  out += rest;
}

}  // namespace

std::string wrapped(std::string_view text, std::size_t columns) {
  if (columns == 0) return std::string(text);
  std::string out;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    append_wrapped(out, text.substr(0, end), columns);
    if (end == text.npos) break;
    out += '\n';
    text.remove_prefix(end + 1);
  }
  return out;
}

std::size_t columns_of(int fd) {
  winsize size{};
  return ::ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

}  // namespace reactord::cli
