// SPDX-License-Identifier: MIT
#include "config/documentation/documentation.h"

#include <algorithm>
#include <cstddef>

namespace reactord {
namespace {

constexpr std::string_view kLowerCase = "abcdefghijklmnopqrstuvwxyz_";

/// The "key" of a line "key = value" or "# key = value", or "".
std::string_view key_of(std::string_view line) {
  if (line.starts_with("# ")) line.remove_prefix(2);
  const std::size_t end = std::min(line.find_first_not_of(kLowerCase), line.size());
  return line.substr(end).starts_with(" = ") ? line.substr(0, end) : std::string_view();
}

/// The "table" of a line "[table]", "[[table]]", "# [[table]]" or "# [table.table]", or "".
/// "# [restart]" is no header.
std::string_view table_of(std::string_view line) {
  const bool is_dotted = line.find('.') != std::string_view::npos;
  if (line.starts_with("# [[") || (line.starts_with("# [") && is_dotted)) line.remove_prefix(2);
  if (!line.starts_with('[') || !line.ends_with(']')) return {};
  const std::size_t begin = line.find_first_not_of('[');
  return begin == std::string_view::npos ? std::string_view()
                                         : line.substr(begin, line.find(']') - begin);
}

}  // namespace

std::string_view comment_above(std::string_view path, std::string_view toml) {
  const std::size_t dot = path.rfind('.');
  if (dot == std::string_view::npos) return {};
  const std::string_view wanted_table = path.substr(0, dot);
  const std::string_view wanted_key = path.substr(dot + 1);
  std::string_view table;
  std::size_t comment = 0;  // where the comment lines begin that end at `at`
  for (std::size_t at = 0, next = 0; at < toml.size(); at = next) {
    const std::size_t end = std::min(toml.find('\n', at), toml.size());
    next = end + 1;
    const std::string_view line = toml.substr(at, end - at);
    const std::string_view header = table_of(line);
    const std::string_view key = key_of(line);
    if (!header.empty()) table = header;
    if (!key.empty() && key == wanted_key && table == wanted_table)
      return toml.substr(comment, at - comment);
    if (!header.empty() || !key.empty() || !line.starts_with('#')) comment = next;
  }
  return {};
}

}  // namespace reactord
