// SPDX-License-Identifier: MIT
// Any server's replies as reactor-cli shows them: on a terminal nothing of them can drive it; JSON
// is JSON, in one line; what is read as a list of clients, an operator's message or documentation
// makes no sense, or some. The first byte of the input chooses what the reply is taken for.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/escape.h"
#include "protocol/replies/reply_parser.h"
#include "tests/fuzz/require.h"
#include "tools/reactor-cli/completion/command_docs.h"
#include "tools/reactor-cli/figures/figures.h"
#include "tools/reactor-cli/operator/desk_events.h"
#include "tools/reactor-cli/output/render.h"
#include "tools/reactor-cli/output/reply_shape.h"

namespace {

using namespace reactord;
using namespace reactord::cli;
using test::require;
using test::require_same;

/// Backslashes apart, which are escaped already, each line is as the daemon would show it.
void check_safe(std::string_view text, const char* what) {
  std::string plain(text);
  std::replace(plain.begin(), plain.end(), '\\', '/');
  std::replace(plain.begin(), plain.end(), '\n', ' ');
  require_same(escaped(plain, plain.size()), plain, what);
}

/// RFC 8259: the form alone.
class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : rest_(text) {}
  bool is_one_value() { return value() && rest_.empty(); }

 private:
  bool take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }

  bool value() {
    if (rest_.starts_with('{')) return members('}', true);
    if (rest_.starts_with('[')) return members(']', false);
    if (rest_.starts_with('"')) return string();
    return take("true") || take("false") || take("null") || number();
  }

  bool members(char end, bool has_names) {
    rest_.remove_prefix(1);
    if (take({&end, 1})) return true;
    do {
      if (has_names && !(string() && take(":"))) return false;
      if (!value()) return false;
    } while (take(","));
    return take({&end, 1});
  }

  bool string() {
    if (!take("\"")) return false;
    while (!rest_.empty() && rest_.front() != '"') {
      if (static_cast<unsigned char>(rest_.front()) < 0x20) return false;
      if (rest_.front() == '\\' && !escape()) return false;
      rest_.remove_prefix(1);
    }
    return take("\"");
  }

  /// Up to its last character.
  bool escape() {
    if (rest_.size() < 2) return false;
    rest_.remove_prefix(1);
    if (std::string_view("\"\\/bfnrt").find(rest_.front()) != rest_.npos) return true;
    const auto is_hex = [](char c) {
      return std::string_view("0123456789abcdefABCDEF").find(c) != std::string_view::npos;
    };
    if (rest_.front() != 'u' || rest_.size() < 5) return false;
    if (!std::all_of(rest_.begin() + 1, rest_.begin() + 5, is_hex)) return false;
    rest_.remove_prefix(4);
    return true;
  }

  bool digits() {
    const std::size_t count = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
    rest_.remove_prefix(count);
    return count > 0;
  }

  bool number() {
    (void)take("-");
    const bool has_zero = rest_.starts_with('0');
    const std::size_t before = rest_.size();
    if (!digits() || (has_zero && before - rest_.size() > 1)) return false;
    if (take(".") && !digits()) return false;
    if (!take("e") && !take("E")) return true;
    if (!take("+")) (void)take("-");
    return digits();
  }

  std::string_view rest_;
};

void check_json(const Reply& reply) {
  for (const bool ascii_only : {false, true}) {
    std::string json;
    render_json(reply, ascii_only, json);
    require(json.ends_with('\n') && json.find('\n') == json.size() - 1, "JSON of several lines");
    json.pop_back();
    require(JsonReader(json).is_one_value(), ("no JSON: " + json).c_str());
    if (ascii_only) check_safe(json, "JSON could drive a terminal");
  }
}

void check_terminal(const Reply& reply) {
  for (const bool are_lines : {false, true}) {
    std::string shown;
    render(reply, {.terminal = true, .color = false, .lines = are_lines}, shown);
    require(shown.ends_with('\n'), "a reply without its line end");
    check_safe(shown, "a reply could drive a terminal");
  }
  check_safe(escape_lines(reply.text), "lines could drive a terminal");
}

void check_docs(const Reply& reply) {
  const CommandDocs docs(reply);
  check_safe(docs.help(), "help could drive a terminal");
  const Completion completion = docs.complete("c");
  check_safe(completion.insert, "a completion could drive a terminal");
  for (const std::string& line : completion.lines) check_safe(line, "a completion's line, too");
}

void check_figures(std::string_view text) {
  const Figures info = Figures::from_info(text);
  for (const auto& [name, stats] : command_stats(info)) (void)stats.number("calls");
  for (const auto& [id, client] : client_list(text)) (void)client.number("age");
  for (const auto& [name, value] : info.all()) {
    const double number = info.number_or(name, 0);
    require(short_bytes(std::abs(number)).size() <= 5 || std::abs(number) > 1e18, "long bytes");
  }
}

void check(const Reply& reply, Shape shape) {
  check_terminal(reply);
  check_json(reply);
  check_json(structured(reply, shape));
  check_docs(reply);
  check_figures(reply.text);
  (void)read_desk_event(reply);
  (void)read_desk_list(reply);
  (void)read_waiting_message(reply);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMostBytes = 1000;
  if (size < 2 || size > kMostBytes) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  ReplyParser parser;
  while (!bytes.empty()) {
    std::size_t consumed = 0;
    if (parser.parse(bytes, consumed) != ReplyStatus::reply) break;
    check(parser.take(), static_cast<Shape>(data[0] % 6));
    bytes.remove_prefix(consumed);
  }
  return 0;
}
