// SPDX-License-Identifier: MIT
// What an HTTP listener reads and writes of anybody's bytes: Accept and Host never crash, the
// format does not depend on blanks around the words, no label breaks the line that it stands in,
// and no name the JSON.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "daemon/http/http_pages.h"
#include "daemon/metrics/exposition.h"
#include "protocol/json_writer.h"

namespace {

using namespace reactord;

std::string with_blanks(std::string_view accept) {
  std::string text;
  for (const char c : accept) {
    if (c == ',' || c == ';') text += " \t";
    text += c;
    if (c == ',' || c == ';') text += ' ';
  }
  return text;
}

void check_label(std::string_view value) {
  Exposition out(MetricsFormat::prometheus);
  out.gauge("x", "X.");
  out.sample({"code", value}, std::uint64_t{1});
  out.end();
  const std::string text = out.take();
  if (std::count(text.begin(), text.end(), '\n') != 3) std::abort();
  const std::string_view line = std::string_view(text).substr(text.find("x{code=\""));
  std::size_t quotes = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\')
      ++i;
    else if (line[i] == '"')
      ++quotes;
  }
  if (quotes != 2 || !line.ends_with("\"} 1\n")) std::abort();
}

/// One string to its last quote, and nothing that RFC 8259 has escaped.
void check_json(std::string_view value) {
  const std::string text = JsonWriter().text(value, value.size()).take();
  if (text.size() < 2 || !text.starts_with('"') || !text.ends_with('"')) std::abort();
  for (std::size_t i = 1; i + 1 < text.size(); ++i) {
    if (static_cast<unsigned char>(text[i]) < 0x20 || text[i] == '"') std::abort();
    if (text[i] != '\\') continue;
    ++i;
    if (i + 1 == text.size() || (text[i] != '"' && text[i] != '\\')) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (format_for(text) != format_for(with_blanks(text))) std::abort();
  const bool is_own = is_own_host(text, "machine.example");
  // A name that nobody but its owner can have given out.
  if (is_own && text.find(".evil") != text.npos) std::abort();
  check_label(text);
  check_json(text);
  return 0;
}
