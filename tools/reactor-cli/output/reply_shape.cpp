// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/output/reply_shape.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

namespace reactord::cli {
namespace {

using Kind = Reply::Kind;

bool same_word(std::string_view a, std::string_view b) {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

struct Known {
  std::string_view command;
  std::string_view subcommand;  ///< empty: whatever follows
  Shape shape;
};
constexpr Known kKnown[] = {
    {"info", "", Shape::info},         {"client", "list", Shape::clients},
    {"client", "info", Shape::client}, {"config", "get", Shape::settings},
    {"command", "docs", Shape::docs},
};

/// What comes before `separator`, which is taken off `rest` with it.
std::string_view take_until(std::string_view& rest, char separator) {
  const std::size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

/// In the form that JSON has, and small enough for 64 bits.
bool is_integer(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  constexpr std::size_t kMostDigits = 18;
  if (text.empty() || text.size() > kMostDigits || (text.size() > 1 && text.front() == '0'))
    return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_real(std::string_view text) {
  const std::size_t point = text.find('.');
  return point != text.npos && is_integer(text.substr(0, point)) && point + 1 < text.size() &&
         text.substr(point + 1).find_first_not_of("0123456789") == text.npos;
}

Reply text_reply(std::string_view text) {
  return {Kind::text, std::string(text), {}};
}

Reply number_or_text(std::string_view text) {
  if (is_integer(text)) return {Kind::integer, std::string(text), {}};
  if (is_real(text)) return {Kind::real, std::string(text), {}};
  return text_reply(text);
}

void add_member(Reply& map, std::string_view name, Reply value) {
  map.elements.push_back(text_reply(name));
  map.elements.push_back(std::move(value));
}

/// What is a name, or anybody's text, even where it looks like a number.
bool is_text_field(std::string_view name) {
  constexpr std::array<std::string_view, 9> kTexts{"name", "addr",     "laddr",   "flags",   "cmd",
                                                   "user", "lib-name", "lib-ver", "listener"};
  return std::find(kTexts.begin(), kTexts.end(), name) != kTexts.end();
}

/// "id=1 name=x", separated by blanks or commas.
Reply fields(std::string_view text, char separator) {
  Reply map{Kind::map, {}, {}};
  while (!text.empty()) {
    std::string_view value = take_until(text, separator);
    const std::string_view name = take_until(value, '=');
    if (name.empty()) continue;
    add_member(map, name, is_text_field(name) ? text_reply(value) : number_or_text(value));
  }
  return map;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    std::string_view line = take_until(text, '\n');
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

std::string section_name(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of("# "), line.size()));
  std::string name(line);
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return name;
}

Reply info_value(std::string_view name, std::string_view value) {
  const bool has_fields = name.starts_with("cmdstat_") || name.starts_with("errorstat_");
  return has_fields ? fields(value, ',') : number_or_text(value);
}

Reply info(std::string_view text) {
  Reply sections{Kind::map, {}, {}};
  for (std::string_view line : lines_of(text)) {
    if (line.starts_with('#')) {
      add_member(sections, section_name(line), {Kind::map, {}, {}});
      continue;
    }
    if (sections.elements.empty()) return text_reply(text);
    const std::string_view name = take_until(line, ':');
    add_member(sections.elements.back(), name, info_value(name, line));
  }
  return sections;
}

Reply clients(std::string_view text) {
  Reply list{Kind::array, {}, {}};
  for (const std::string_view line : lines_of(text)) list.elements.push_back(fields(line, ' '));
  return list;
}

Reply pairs(Reply list) {
  if (list.kind == Kind::array && list.elements.size() % 2 == 0) list.kind = Kind::map;
  return list;
}

Reply properties(Reply list);

Reply commands(Reply list) {
  list = pairs(std::move(list));
  if (list.kind != Kind::map) return list;
  for (std::size_t i = 1; i < list.elements.size(); i += 2)
    list.elements[i] = properties(std::move(list.elements[i]));
  return list;
}

/// Of a command, or of one of its arguments.
Reply properties(Reply list) {
  list = pairs(std::move(list));
  if (list.kind != Kind::map) return list;
  for (std::size_t i = 0; i + 1 < list.elements.size(); i += 2) {
    Reply& value = list.elements[i + 1];
    if (list.elements[i].text == "subcommands") value = commands(std::move(value));
    if (list.elements[i].text == "arguments")
      for (Reply& argument : value.elements) argument = properties(std::move(argument));
  }
  return list;
}

}  // namespace

Shape shape_of(std::span<const std::string_view> words) {
  if (words.empty()) return Shape::as_it_is;
  for (const Known& known : kKnown) {
    if (!same_word(words[0], known.command)) continue;
    if (known.subcommand.empty()) return known.shape;
    if (words.size() > 1 && same_word(words[1], known.subcommand)) return known.shape;
  }
  return Shape::as_it_is;
}

Shape shape_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty() && words.size() < 2)
    if (const std::string_view word = take_until(line, ' '); !word.empty()) words.push_back(word);
  return shape_of(std::span<const std::string_view>(words));
}

Reply structured(const Reply& reply, Shape shape) {
  const bool is_text = reply.kind == Kind::text;
  switch (shape) {
    case Shape::as_it_is:
      break;
    case Shape::info:
      return is_text ? info(reply.text) : reply;
    case Shape::clients:
      return is_text ? clients(reply.text) : reply;
    case Shape::client:
      return is_text ? fields(lines_of(reply.text).empty() ? "" : lines_of(reply.text)[0], ' ')
                     : reply;
    case Shape::settings:
      return pairs(reply);
    case Shape::docs:
      return commands(reply);
  }
  return reply;
}

}  // namespace reactord::cli
