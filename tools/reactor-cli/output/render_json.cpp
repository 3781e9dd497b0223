// SPDX-License-Identifier: MIT
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "tools/reactor-cli/output/render.h"

namespace reactord::cli {
namespace {

std::string base64(std::string_view bytes) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";  // RFC 4648, 4
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      group = group << 8 | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0u);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      out += at + i > bytes.size() ? '=' : kAlphabet[group >> (18 - 6 * i) & 0x3f];
    }
  }
  return out;
}

class JsonRenderer {
 public:
  JsonRenderer(bool ascii_only, std::string& out) : ascii_only_(ascii_only), out_(out) {}

  void value(const Reply& reply) {
    switch (reply.kind) {
      case Reply::Kind::nil:
        out_ += "null";
        return;
      case Reply::Kind::boolean:
        out_ += reply.text;
        return;
      case Reply::Kind::integer:
        return integer(reply.text);
      case Reply::Kind::real:
        return real(reply.text);
      case Reply::Kind::big_number:
      case Reply::Kind::status:
      case Reply::Kind::text:
        return text(reply.text);
      case Reply::Kind::error:
        return member("error", [&] { text(reply.text); });
      case Reply::Kind::array:
      case Reply::Kind::set:
        return list(reply);
      case Reply::Kind::push:
        return member("push", [&] { list(reply); });
      case Reply::Kind::map:
        return map(reply);
    }
  }

 private:
  // The string with its quotes; false, with nothing appended, when it is no UTF-8.
  bool try_text(std::string_view bytes) {
    try {
      out_ += nlohmann::json(bytes).dump(-1, ' ', ascii_only_);
      return true;
    } catch (const nlohmann::json::type_error&) {
      return false;
    }
  }

  void text(std::string_view bytes) {
    if (try_text(bytes)) return;
    member("base64", [&] { out_.append("\"").append(base64(bytes)).append("\""); });
  }

  // JSON has no zeros in front of a number; a server may.
  void integer(std::string_view digits) {
    std::int64_t number = 0;
    const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (result.ec != std::errc()) return text(digits);
    out_ += std::to_string(number);
  }

  void real(std::string_view digits) {
    double number = 0;
    const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (result.ec != std::errc() || !std::isfinite(number)) return text(digits);
    out_ += nlohmann::json(number).dump();
  }

  template <typename Value>
  void member(std::string_view name, Value&& append_value) {
    out_.append("{\"").append(name).append("\":");
    append_value();
    out_ += '}';
  }

  void list(const Reply& reply) {
    out_ += '[';
    for (const Reply& element : reply.elements) {
      if (&element != reply.elements.data()) out_ += ',';
      value(element);
    }
    out_ += ']';
  }

  void map(const Reply& reply) {
    // Asked before anything is written: writing first and starting over would cost twice the time
    // at every depth.
    if (!has_text_keys(reply)) return pairs(reply);
    out_ += '{';
    for (std::size_t i = 0; i + 1 < reply.elements.size(); i += 2) {
      if (i > 0) out_ += ',';
      text(reply.elements[i].text);
      out_ += ':';
      value(reply.elements[i + 1]);
    }
    out_ += '}';
  }

  bool has_text_keys(const Reply& reply) {
    const std::size_t start = out_.size();
    bool all = true;
    for (std::size_t i = 0; all && i + 1 < reply.elements.size(); i += 2) {
      const Reply& key = reply.elements[i];
      all = !key.is_aggregate() && key.kind != Reply::Kind::nil && try_text(key.text);
      out_.resize(start);
    }
    return all;
  }

  void pairs(const Reply& reply) {
    out_ += '[';
    for (std::size_t i = 0; i + 1 < reply.elements.size(); i += 2) {
      out_ += i > 0 ? ",[" : "[";
      value(reply.elements[i]);
      out_ += ',';
      value(reply.elements[i + 1]);
      out_ += ']';
    }
    out_ += ']';
  }

  bool ascii_only_;
  std::string& out_;
};

}  // namespace

void render_json(const Reply& reply, bool ascii_only, std::string& out) {
  JsonRenderer(ascii_only, out).value(reply);
  out += '\n';
}

}  // namespace reactord::cli
