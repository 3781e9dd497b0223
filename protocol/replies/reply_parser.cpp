// SPDX-License-Identifier: MIT
#include "protocol/replies/reply_parser.h"

#include <utility>

namespace reactord {
namespace {

constexpr std::size_t kFormatPrefixBytes = 4;  // of a verbatim string: "txt:"

std::string_view number_without_plus(std::string_view text) {
  if (!text.empty() && text[0] == '+') text.remove_prefix(1);
  return text;
}

Reply::Kind aggregate_kind(char type) {
  if (type == '~') return Reply::Kind::set;
  if (type == '>') return Reply::Kind::push;
  return type == '%' || type == '|' ? Reply::Kind::map : Reply::Kind::array;
}

Reply scalar(char type, std::string_view text) {
  switch (type) {
    case '+':
      return {Reply::Kind::status, std::string(text), {}};
    case '-':
      return {Reply::Kind::error, std::string(text), {}};
    case ':':
      return {Reply::Kind::integer, std::string(number_without_plus(text)), {}};
    case '(':
      return {Reply::Kind::big_number, std::string(number_without_plus(text)), {}};
    case ',':
      return {Reply::Kind::real, std::string(number_without_plus(text)), {}};
    case '#':
      return {Reply::Kind::boolean, text == "t" ? "true" : "false", {}};
    default:
      return {Reply::Kind::nil, {}, {}};
  }
}

}  // namespace

void ReplyParser::on_scalar(char type, std::string_view text) {
  add(scalar(type, text));
}

void ReplyParser::on_string_end(char type) {
  if (type == '=') text_.erase(0, kFormatPrefixBytes);
  add({type == '!' ? Reply::Kind::error : Reply::Kind::text, std::exchange(text_, {}), {}});
}

void ReplyParser::on_open(char type) {
  levels_.push_back({{aggregate_kind(type), {}, {}}, type == '|'});
}

void ReplyParser::on_close() {
  Level level = std::move(levels_.back());
  levels_.pop_back();
  if (!level.attribute) add(std::move(level.value));
}

void ReplyParser::add(Reply&& value) {
  if (levels_.empty()) {
    reply_ = std::move(value);
  } else {
    levels_.back().value.elements.push_back(std::move(value));
  }
}

}  // namespace reactord
