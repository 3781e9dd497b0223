// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/output/render.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "protocol/buffers/buffer.h"
#include "protocol/escape.h"

namespace reactord::cli {
namespace {

constexpr std::string_view kRed = "31";
constexpr std::string_view kCyan = "36";
constexpr std::string_view kDim = "2";

// Keys beyond this width are not worth aligning the others with.
constexpr std::size_t kMaxKeyColumns = 32;

// Deeper nesting is not indented further: a hostile reply must not become mostly blanks.
constexpr std::size_t kMaxIndent = 40;

std::string on_one_line(std::string_view bytes) {
  Buffer shown;
  append_escaped(shown, bytes);
  return std::string(shown.view());
}

std::string keeping_backslashes(std::string_view bytes) {
  Buffer shown;
  append_error_text(shown, bytes);
  return std::string(shown.view());
}

}  // namespace

std::string escape_lines(std::string_view text) {
  Buffer shown;
  while (true) {
    const std::size_t newline = text.find('\n');
    std::string_view line = text.substr(0, newline);
    if (newline == std::string_view::npos) {
      append_escaped(shown, line);
      return std::string(shown.view());
    }
    if (line.ends_with('\r')) line.remove_suffix(1);
    append_escaped(shown, line);
    shown.append('\n');
    text.remove_prefix(newline + 1);
  }
}

namespace {

// A text of lines ends with a line break of its own; a terminal needs no second one.
std::string_view without_last_break(std::string_view text) {
  if (!text.ends_with('\n')) return text;
  text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

// Code points, which is what most characters of names and numbers take in columns.
std::size_t columns(std::string_view shown) {
  return static_cast<std::size_t>(std::count_if(shown.begin(), shown.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

class Renderer {
 public:
  Renderer(const Style& style, std::string& out) : style_(style), out_(out) {}

  void top(const Reply& reply) {
    if (style_.terminal) {
      terminal(reply, 0, true);
    } else {
      plain(reply);
    }
  }

 private:
  // --- on a terminal

  void terminal(const Reply& reply, std::size_t indent, bool whole) {
    switch (reply.kind) {
      case Reply::Kind::array:
      case Reply::Kind::set:
      case Reply::Kind::push:
        return list(reply, indent);
      case Reply::Kind::map:
        return map(reply, indent);
      case Reply::Kind::nil:
      case Reply::Kind::boolean:
      case Reply::Kind::integer:
      case Reply::Kind::big_number:
      case Reply::Kind::real:
      case Reply::Kind::status:
      case Reply::Kind::text:
      case Reply::Kind::error:
        scalar(reply, whole);
        out_ += '\n';
    }
  }

  void scalar(const Reply& reply, bool whole) {
    switch (reply.kind) {
      case Reply::Kind::nil:
        return colored(kDim, "(nil)");
      case Reply::Kind::error:
        return colored(kRed, "(error) " + keeping_backslashes(reply.text));
      case Reply::Kind::text:
        out_ += whole ? escape_lines(without_last_break(reply.text)) : on_one_line(reply.text);
        return;
      case Reply::Kind::status:
        out_ += style_.lines ? keeping_backslashes(reply.text) : on_one_line(reply.text);
        return;
      case Reply::Kind::boolean:
      case Reply::Kind::integer:
      case Reply::Kind::big_number:
      case Reply::Kind::real:
      case Reply::Kind::array:
      case Reply::Kind::set:
      case Reply::Kind::push:
      case Reply::Kind::map:
        out_ += reply.text;
    }
  }

  // " 1) first", numbers aligned; what is nested begins on its number's line.
  void list(const Reply& reply, std::size_t indent) {
    if (reply.elements.empty()) return empty(reply.kind == Reply::Kind::set ? "set" : "list");
    const std::size_t width = fmt::formatted_size("{}", reply.elements.size());
    for (std::size_t i = 0; i < reply.elements.size(); ++i) {
      if (i > 0) indent_by(indent);
      colored(kDim, fmt::format("{:>{}}) ", i + 1, width));
      terminal(reply.elements[i], indent + width + 2, false);
    }
  }

  // "key:   value", values aligned; an aggregate begins below its key.
  void map(const Reply& reply, std::size_t indent) {
    if (reply.elements.empty()) return empty("map");
    const std::vector<std::string> keys = key_texts(reply);
    std::size_t width = 0;
    for (const std::string& key : keys) {
      if (columns(key) <= kMaxKeyColumns) width = std::max(width, columns(key));
    }
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const Reply& value = reply.elements[2 * i + 1];
      if (i > 0) indent_by(indent);
      colored(kCyan, keys[i] + ':');
      if (value.is_aggregate() && !value.elements.empty()) {
        constexpr std::size_t kStep = 2;
        out_ += '\n';
        indent_by(indent + kStep);
        terminal(value, indent + kStep, false);
      } else {
        out_.append(width - std::min(columns(keys[i]), width) + 1, ' ');
        terminal(value, indent, false);
      }
    }
  }

  // Keys are text in practice; an aggregate as a key is shown as JSON.
  std::vector<std::string> key_texts(const Reply& reply) {
    std::vector<std::string> keys;
    keys.reserve(reply.elements.size() / 2);
    for (std::size_t i = 0; i + 1 < reply.elements.size(); i += 2) {
      const Reply& key = reply.elements[i];
      std::string text;
      if (key.is_aggregate()) {
        render_json(key, style_.terminal, text);
        text.pop_back();
      } else {
        text = style_.terminal ? on_one_line(plain_text(key)) : plain_text(key);
      }
      keys.push_back(std::move(text));
    }
    return keys;
  }

  void indent_by(std::size_t columns_wanted) {
    out_.append(std::min(columns_wanted, kMaxIndent), ' ');
  }

  void empty(std::string_view what) {
    colored(kDim, fmt::format("(empty {})", what));
    out_ += '\n';
  }

  void colored(std::string_view color, std::string_view text) {
    if (!style_.color) {
      out_ += text;
      return;
    }
    out_.append("\x1b[").append(color).append("m").append(text).append("\x1b[0m");
  }

  // --- in a pipe

  static std::string plain_text(const Reply& reply) {
    if (reply.kind == Reply::Kind::nil) return "(nil)";
    return reply.kind == Reply::Kind::error ? "(error) " + reply.text : reply.text;
  }

  void plain(const Reply& reply) {
    if (reply.kind == Reply::Kind::map) return plain_map(reply);
    if (!reply.is_aggregate()) {
      out_ += plain_text(reply);
      out_ += '\n';
      return;
    }
    for (const Reply& element : reply.elements) plain(element);
  }

  void plain_map(const Reply& reply) {
    const std::vector<std::string> keys = key_texts(reply);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const Reply& value = reply.elements[2 * i + 1];
      out_.append(keys[i]).append(value.is_aggregate() ? ":\n" : ": ");
      plain(value);
    }
  }

  const Style& style_;
  std::string& out_;
};

}  // namespace

void render(const Reply& reply, const Style& style, std::string& out) {
  Renderer(style, out).top(reply);
}

}  // namespace reactord::cli
