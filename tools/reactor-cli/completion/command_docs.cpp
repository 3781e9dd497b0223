// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/completion/command_docs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "protocol/escape.h"

namespace reactord::cli {
namespace {

constexpr std::size_t kMaxCommands = 10'000;
constexpr std::size_t kMaxNameBytes = 64;
constexpr std::size_t kMaxTextBytes = 240;  // three lines of a screen
constexpr std::size_t kMaxArgumentDepth = 8;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kMaxNameBytes &&
         std::all_of(text.begin(), text.end(), is_name_byte);
}

// RESP2 has no maps: a list of keys and values in turn stands for one.
const Reply* find(const Reply& map, std::string_view key) {
  for (std::size_t i = 0; i + 1 < map.elements.size(); i += 2) {
    if (map.elements[i].text == key) return &map.elements[i + 1];
  }
  return nullptr;
}

std::string_view text_of(const Reply& map, std::string_view key) {
  const Reply* value = find(map, key);
  return value == nullptr ? std::string_view() : std::string_view(value->text);
}

bool has_flag(const Reply& argument, std::string_view flag) {
  const Reply* flags = find(argument, "flags");
  return flags != nullptr && std::any_of(flags->elements.begin(), flags->elements.end(),
                                         [&](const Reply& each) { return each.text == flag; });
}

std::string argument_text(const Reply& argument, std::size_t depth);

// Cut early: a hostile tree of arguments must not become a long text first.
std::string arguments_text(const Reply* arguments, std::string_view separator, std::size_t depth) {
  std::string out;
  if (arguments == nullptr || depth > kMaxArgumentDepth) return out;
  for (const Reply& argument : arguments->elements) {
    if (!out.empty()) out += separator;
    out += argument_text(argument, depth);
    if (out.size() > kMaxTextBytes) break;
  }
  return out;
}

// Writes an argument as Redis' own client and manual do: "name", "[name]", "TOKEN name", "a|b" or
// "<A x|B y>"; and "name ..." for one or more.
std::string argument_text(const Reply& argument, std::size_t depth) {
  const std::string_view type = text_of(argument, "type");
  const std::string_view token = text_of(argument, "token");
  const std::string_view display = text_of(argument, "display_text");
  std::string text(display.empty() ? text_of(argument, "name") : display);
  if (type == "oneof") {
    text = arguments_text(find(argument, "arguments"), "|", depth + 1);
    const bool ambiguous = text.find(' ') != std::string::npos && !has_flag(argument, "optional");
    if (ambiguous) text = fmt::format("<{}>", text);
  }
  if (type == "block") text = arguments_text(find(argument, "arguments"), " ", depth + 1);
  if (type == "pure-token") text = token;
  if (text.size() > kMaxTextBytes) text.resize(kMaxTextBytes);
  if (!token.empty() && type != "pure-token") text = fmt::format("{} {}", token, text);
  if (has_flag(argument, "multiple")) text += " ...";
  return has_flag(argument, "optional") ? fmt::format("[{}]", text) : text;
}

std::string shown(std::string_view text) {
  return escaped(text, kMaxTextBytes);
}

std::string usage(const CommandDoc& doc) {
  return doc.synopsis.empty() ? doc.name : fmt::format("{} {}", doc.name, doc.synopsis);
}

std::vector<std::string> aligned(const std::vector<const CommandDoc*>& docs) {
  constexpr std::size_t kMaxUsageColumns = 36;  // leaves room for the summary on 80 columns
  std::size_t width = 0;
  for (const CommandDoc* doc : docs) {
    const std::size_t columns = usage(*doc).size();
    if (columns <= kMaxUsageColumns) width = std::max(width, columns);
  }
  std::vector<std::string> lines;
  for (const CommandDoc* doc : docs) {
    const std::string shown_usage = usage(*doc);
    const bool beside = shown_usage.size() <= width || doc->summary.empty();
    if (!beside) lines.push_back(shown_usage);
    lines.push_back(doc->summary.empty() ? shown_usage
                                         : fmt::format("{:<{}}  {}", beside ? shown_usage : "",
                                                       width, doc->summary));
  }
  return lines;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out.append(line).append("\n");
  return out;
}

// "  CLIENT   li" -> "client li": one blank between words, as the names have it. A blank at the
// end stays: it tells that the last word is complete.
std::string normalized(std::string_view line) {
  std::string out;
  for (const char c : lower(line)) {
    const bool blank = c == ' ' || c == '\t';
    if (!blank) out += c;
    if (blank && !out.empty() && out.back() != ' ') out += ' ';
  }
  return out;
}

std::string common_prefix(const std::vector<const CommandDoc*>& docs) {
  std::string prefix = docs.front()->name;
  for (const CommandDoc* doc : docs) {
    const auto differ =
        std::mismatch(prefix.begin(), prefix.end(), doc->name.begin(), doc->name.end());
    prefix.erase(differ.first, prefix.end());
  }
  return prefix;
}

// Inserted text follows the case of what was typed.
std::string in_case_of(std::string_view typed, std::string text) {
  const bool upper =
      std::any_of(typed.begin(), typed.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  if (!upper) return text;
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return text;
}

}  // namespace

CommandDocs::CommandDocs(const Reply& reply) {
  if (!reply.is_aggregate()) return;
  for (std::size_t i = 0; i + 1 < reply.elements.size(); i += 2) {
    add(reply.elements[i].text, reply.elements[i + 1], false);
  }
  std::sort(docs_.begin(), docs_.end(),
            [](const CommandDoc& a, const CommandDoc& b) { return a.name < b.name; });
}

void CommandDocs::add(std::string_view name, const Reply& doc, bool subcommand) {
  std::string plain = lower(name);
  // A subcommand comes as "client|list".
  const std::size_t bar = subcommand ? plain.find('|') : std::string::npos;
  if (bar != std::string::npos) plain[bar] = ' ';
  const std::string_view view = plain;
  const bool valid = bar == std::string::npos
                         ? is_name(view)
                         : is_name(view.substr(0, bar)) && is_name(view.substr(bar + 1));
  if (!valid || docs_.size() >= kMaxCommands) return;
  docs_.push_back({plain, shown(arguments_text(find(doc, "arguments"), " ", 0)),
                   shown(text_of(doc, "summary"))});
  const Reply* subcommands = subcommand ? nullptr : find(doc, "subcommands");
  if (subcommands == nullptr) return;
  for (std::size_t i = 0; i + 1 < subcommands->elements.size(); i += 2) {
    add(subcommands->elements[i].text, subcommands->elements[i + 1], true);
  }
}

std::vector<const CommandDoc*> CommandDocs::starting_with(std::string_view prefix) const {
  std::vector<const CommandDoc*> found;
  const bool in_subcommand = prefix.find(' ') != std::string_view::npos;
  for (const CommandDoc& doc : docs_) {
    const bool is_subcommand = doc.name.find(' ') != std::string::npos;
    if (is_subcommand == in_subcommand && std::string_view(doc.name).starts_with(prefix)) {
      found.push_back(&doc);
    }
  }
  return found;
}

Completion CommandDocs::complete(std::string_view before_cursor) const {
  std::string typed = normalized(before_cursor);
  constexpr std::string_view kHelp = "help ";
  if (typed.starts_with(kHelp)) typed.erase(0, kHelp.size());
  const std::vector<const CommandDoc*> found = starting_with(typed);
  if (!found.empty()) {
    std::string insert = common_prefix(found).substr(typed.size());
    if (found.size() == 1) insert += ' ';
    // Nothing to add: show what there is to choose from.
    if (insert.empty()) return {"", aligned(found)};
    return {in_case_of(before_cursor, insert), {}};
  }
  // Behind the name: its synopsis. The longest name that the line begins with is meant.
  const CommandDoc* meant = nullptr;
  for (const CommandDoc& doc : docs_) {
    if (typed.starts_with(doc.name + ' ')) meant = &doc;
  }
  return meant == nullptr ? Completion() : Completion{"", aligned({meant})};
}

std::string CommandDocs::help() const {
  return joined(aligned(starting_with("")));
}

std::string CommandDocs::help(std::string_view name) const {
  std::string wanted = normalized(name);
  if (wanted.ends_with(' ')) wanted.pop_back();
  std::vector<const CommandDoc*> found;
  for (const CommandDoc& doc : docs_) {
    if (doc.name == wanted || doc.name.starts_with(wanted + ' ')) found.push_back(&doc);
  }
  return joined(aligned(found));
}

}  // namespace reactord::cli
