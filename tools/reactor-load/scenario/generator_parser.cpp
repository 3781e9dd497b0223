// SPDX-License-Identifier: MIT
// Reads what stands between the braces of a template: "real:-100..100:2". The other half of
// generators.h: what is made of it is in generators.cpp.
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>

#include "config/text/suggest.h"
#include "config/text/toml_text.h"
#include "config/toml/regular_file.h"
#include "tools/reactor-load/scenario/generators.h"

namespace reactord::load {
namespace {

constexpr int kMostPlaces = 15;
constexpr std::int64_t kMostDigits = 1'000'000;
constexpr std::size_t kMostLinesBytes = 256u << 20;

struct KindWord {
  std::string_view word;
  Generator::Kind kind;
  std::string_view form;
};
constexpr std::array kKinds{
    KindWord{"int", Generator::Kind::integer, "{int:1..1000}"},
    KindWord{"real", Generator::Kind::real, "{real:-100..100:2}"},
    KindWord{"digits", Generator::Kind::digits, "{digits:20} or {digits:1..40}"},
    KindWord{"text", Generator::Kind::text,
             "{text:16}, {text:1..1KiB}, {text:exp:1000} or {text:normal:1000:200}"},
    KindWord{"bytes", Generator::Kind::bytes,
             "{bytes:16}, {bytes:1..1KiB}, {bytes:exp:1000} or {bytes:normal:1000:200}"},
    KindWord{"line", Generator::Kind::line, "{line:FILE}"},
    KindWord{"next", Generator::Kind::next_line, "{next:FILE}"},
    KindWord{"counter", Generator::Kind::counter, "{counter}"},
    KindWord{"client", Generator::Kind::client, "{client}"},
};

struct Halves {
  std::string_view first;
  std::optional<std::string_view> second;
};

Halves cut(std::string_view text, std::string_view separator) {
  const std::size_t at = text.find(separator);
  if (at == std::string_view::npos) return {text, std::nullopt};
  return {text.substr(0, at), text.substr(at + separator.size())};
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// "16", "1KiB", "2MiB".
std::optional<std::int64_t> byte_count(std::string_view text) {
  std::int64_t unit = 1;
  if (text.ends_with("KiB")) unit = 1 << 10;
  if (text.ends_with("MiB")) unit = 1 << 20;
  if (unit > 1) text.remove_suffix(3);
  const auto number = whole_number(text);
  if (!number || *number < 0 || *number > Lengths::kMostBytes / unit) return std::nullopt;
  return *number * unit;
}

/// "-12.5" as -1250 with two places; nothing where it has more places, or does not fit.
std::optional<std::int64_t> scaled(std::string_view text, int places) {
  const auto [whole, fraction] = cut(text, ".");
  std::string digits(whole);
  std::string places_given(fraction.value_or(""));
  if (places_given.size() > static_cast<std::size_t>(places)) return std::nullopt;
  places_given.resize(static_cast<std::size_t>(places), '0');
  for (const char c : places_given) {
    if (c < '0' || c > '9') return std::nullopt;
  }
  return whole_number(digits + places_given);
}

std::string parse_real(std::string_view arguments, Generator& out) {
  const auto [range, places] = cut(arguments, ":");
  const auto [low, high] = cut(range, "..");
  const auto count = whole_number(places.value_or("2"));
  if (!high || !count || *count < 0 || *count > kMostPlaces) return "?";
  out.places = static_cast<int>(*count);
  const auto least = scaled(low, out.places);
  const auto most = scaled(*high, out.places);
  if (!least || !most || *least > *most) return "?";
  out.least = *least;
  out.most = *most;
  return {};
}

std::string parse_integer(std::string_view arguments, Generator& out) {
  const auto [low, high] = cut(arguments, "..");
  const auto least = whole_number(low);
  const auto most = whole_number(high.value_or(""));
  if (!least || !most || *least > *most) return "?";
  out.least = *least;
  out.most = *most;
  return {};
}

std::string parse_lengths(std::string_view text, Lengths& out) {
  const auto [shape, rest] = cut(text, ":");
  const auto [first, second] = cut(rest.value_or(""), ":");
  if (shape == "exp" || shape == "normal") {
    const auto mean = byte_count(first);
    const auto deviation = byte_count(second.value_or("x"));
    const bool normal = shape == "normal";
    if (!mean || normal != second.has_value() || (normal && !deviation)) return "?";
    out.shape = normal ? Lengths::Shape::normal : Lengths::Shape::exponential;
    out.mean = static_cast<double>(*mean);
    out.deviation = static_cast<double>(deviation.value_or(0));
    return {};
  }
  const auto [low, high] = cut(text, "..");
  const auto least = byte_count(low);
  const auto most = byte_count(high.value_or(low));
  if (!least || !most || *least > *most) return "?";
  out.least = *least;
  out.most = *most;
  return {};
}

std::string parse_digits(std::string_view arguments, Generator& out) {
  std::string problem = parse_lengths(arguments, out.lengths);
  if (!problem.empty() || out.lengths.shape != Lengths::Shape::uniform) return "?";
  if (out.lengths.least < 1 || out.lengths.most > kMostDigits) return "?";
  return {};
}

std::string read_lines(const std::string& path, Generator& out) {
  std::string text;
  if (std::string problem = read_regular_file(path, kMostLinesBytes, text); !problem.empty()) {
    return fmt::format("the file {} {}", shown(path), problem);
  }
  auto lines = std::make_shared<std::vector<std::string>>();
  for (std::string_view rest = text; !rest.empty();) {
    auto [line, behind] = cut(rest, "\n");
    rest = behind.value_or("");
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines->emplace_back(line);
  }
  if (lines->empty()) return fmt::format("the file {} has no lines", shown(path));
  out.lines = std::move(lines);
  return {};
}

std::string parse_file(std::string_view name, const std::string& folder, Generator& out) {
  if (name.empty()) return "?";
  const bool absolute = name.front() == '/' || folder.empty();
  return read_lines(absolute ? std::string(name) : fmt::format("{}/{}", folder, name), out);
}

std::string parse_arguments(std::string_view arguments, const std::string& folder,
                            std::size_t& places, Generator& out) {
  switch (out.kind) {
    case Generator::Kind::integer:
      return parse_integer(arguments, out);
    case Generator::Kind::real:
      return parse_real(arguments, out);
    case Generator::Kind::digits:
      return parse_digits(arguments, out);
    case Generator::Kind::text:
    case Generator::Kind::bytes:
      return parse_lengths(arguments, out.lengths);
    case Generator::Kind::next_line:
      out.place = places++;
      return parse_file(arguments, folder, out);
    case Generator::Kind::line:
      return parse_file(arguments, folder, out);
    case Generator::Kind::counter:
    case Generator::Kind::client:
      return arguments.empty() ? "" : "?";
  }
  return "?";
}

}  // namespace

std::string parse_generator(std::string_view text, const std::string& folder, std::size_t& places,
                            Generator& out) {
  const auto [name, arguments] = cut(text, ":");
  std::vector<std::string_view> names;
  for (const KindWord& known : kKinds) {
    names.push_back(known.word);
    if (known.word != name) continue;
    out = {};
    out.kind = known.kind;
    std::string problem = parse_arguments(arguments.value_or(""), folder, places, out);
    if (problem != "?") return problem;
    return fmt::format("expected {}, found {}", known.form, shown(fmt::format("{{{}}}", text)));
  }
  return fmt::format("unknown generator {}{}; write '{{{{' for a brace",
                     shown(fmt::format("{{{}}}", text)), suggestion(name, names));
}

}  // namespace reactord::load
