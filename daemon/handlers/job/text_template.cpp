// SPDX-License-Identifier: MIT
#include "daemon/handlers/job/text_template.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "protocol/escape.h"

namespace reactord {
namespace {

using Placeholder = TextTemplate::Placeholder;

struct KnownPlaceholder {
  std::string_view name;
  Placeholder placeholder;
};
constexpr KnownPlaceholder kPlaceholders[] = {
    {"message", Placeholder::message}, {"bytes", Placeholder::bytes}, {"peer", Placeholder::peer}};
constexpr std::string_view kKnown = "{message}, {bytes} and {peer}";

Placeholder find_placeholder(std::string_view name) {
  for (const KnownPlaceholder& known : kPlaceholders) {
    if (known.name == name) return known.placeholder;
  }
  return Placeholder::none;
}

/// Reads a template from left to right; stops at the first problem.
class TemplateParser {
 public:
  explicit TemplateParser(std::string_view source) : rest_(source) {}

  std::string parse(std::vector<TextTemplate::Piece>& pieces) {
    while (problem_.empty() && !rest_.empty()) step();
    end_literal();
    pieces = std::move(pieces_);
    return std::move(problem_);
  }

 private:
  void step() {
    if (rest_.starts_with("{{") || rest_.starts_with("}}")) {
      literal_.push_back(rest_.front());
      rest_.remove_prefix(2);
    } else if (rest_.starts_with('{')) {
      take_placeholder();
    } else if (rest_.starts_with('}')) {
      problem_ = "has a '}' without a '{'; a brace itself is written '}}'";
    } else {
      const std::string_view text = rest_.substr(0, rest_.find_first_of("{}"));
      literal_.append(text);
      rest_.remove_prefix(text.size());
    }
  }

  void take_placeholder() {
    const std::size_t end = rest_.find('}');
    if (end == std::string_view::npos) {
      problem_ = "has a '{' without a '}'; a brace itself is written '{{'";
      return;
    }
    const std::string_view name = rest_.substr(1, end - 1);
    const Placeholder placeholder = find_placeholder(name);
    if (placeholder == Placeholder::none) {
      problem_ = fmt::format("has an unknown placeholder '{{{}}}'; known are {}", escaped(name, 40),
                             kKnown);
      return;
    }
    end_literal();
    pieces_.push_back({placeholder, {}});
    rest_.remove_prefix(end + 1);
  }

  void end_literal() {
    if (literal_.empty()) return;
    pieces_.push_back({Placeholder::none, std::move(literal_)});
    literal_.clear();
  }

  std::string_view rest_;
  std::string literal_;
  std::string problem_;
  std::vector<TextTemplate::Piece> pieces_;
};

std::string check_size(std::string_view source, const std::vector<TextTemplate::Piece>& pieces) {
  if (source.size() > TextTemplate::kMaxBytes) {
    return fmt::format("has {} bytes; at most {} are allowed", source.size(),
                       TextTemplate::kMaxBytes);
  }
  std::size_t messages = 0;
  for (const TextTemplate::Piece& piece : pieces) {
    messages += piece.placeholder == Placeholder::message ? 1 : 0;
  }
  if (messages <= TextTemplate::kMaxMessages) return {};
  return fmt::format("repeats {{message}} {} times; at most {}, because each use lets a reply grow",
                     messages, TextTemplate::kMaxMessages);
}

}  // namespace

TextTemplate::TextTemplate() : source_("{message}"), pieces_{{Placeholder::message, {}}} {}

TextTemplate::TextTemplate(std::string_view literal)
    : source_(literal), pieces_{{Placeholder::none, std::string(literal)}} {}

std::string TextTemplate::parse(std::string_view source, TextTemplate& out) {
  std::vector<Piece> pieces;
  std::string problem = TemplateParser(source).parse(pieces);
  if (problem.empty()) problem = check_size(source, pieces);
  if (!problem.empty()) return "the template " + problem;
  out.source_ = source;
  out.pieces_ = std::move(pieces);
  return {};
}

std::string ValueTraits<TextTemplate>::parse(const ConfigValue& value, const ValueRange& range,
                                             TextTemplate& out) {
  std::string source;
  std::string problem = ValueTraits<std::string>::parse(value, range, source);
  return problem.empty() ? TextTemplate::parse(source, out) : problem;
}

bool TextTemplate::names_peer() const {
  return std::any_of(pieces_.begin(), pieces_.end(),
                     [](const Piece& piece) { return piece.placeholder == Placeholder::peer; });
}

std::size_t TextTemplate::most_bytes(std::string_view message) const {
  std::size_t bytes = source_.size();
  for (const Piece& piece : pieces_)
    if (piece.placeholder == Placeholder::message) bytes += message.size();
  return bytes;
}

void TextTemplate::fill_in(std::string_view message, std::string_view peer,
                           std::string& out) const {
  for (const Piece& piece : pieces_) switch (piece.placeholder) {
      case Placeholder::none:
        out.append(piece.literal);
        break;
      case Placeholder::message:
        out.append(message);
        break;
      case Placeholder::bytes:
        fmt::format_to(std::back_inserter(out), "{}", message.size());
        break;
      case Placeholder::peer:
        out.append(peer);
        break;
    }
}

}  // namespace reactord
