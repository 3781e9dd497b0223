// SPDX-License-Identifier: MIT
#include "config/print_config.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/documentation/documentation.h"
#include "config/tables.h"
#include "config/text/toml_text.h"
#include "config/users/user_tables.h"

namespace reactord {
namespace {

constexpr std::size_t kPrintColumns = 100;

/// `text` as comment lines, broken between words.
void print_comment(std::string& out, std::string_view text) {
  std::string line(1, '#');
  while (!text.empty()) {
    const std::size_t blank = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, blank);
    text.remove_prefix(std::min(blank + 1, text.size()));
    if (line.size() + 1 + word.size() > kPrintColumns) {
      out += line + "\n";
      line.resize(1);
    }
    line += " ";
    line += word;
  }
  out += line + "\n";
}

/// As config/reactord.toml has it, or out of the declaration of a key that is not there.
void print_meaning(std::string& out, std::string_view table, const KeySpec& spec) {
  const std::string_view comment = comment_above(fmt::format("{}.{}", table, spec.name));
  out += comment;
  if (!comment.empty()) return;
  if (!spec.help.empty()) print_comment(out, spec.help);
  if (spec.apply == Apply::restart) print_comment(out, "[restart]");
}

enum class As : bool { key, comment };

void print_key(std::string& out, std::string_view table, const KeySpec& spec, const void* settings,
               As as = As::key) {
  print_meaning(out, table, spec);
  out += fmt::format("{}{} = {}\n\n", as == As::comment ? "# " : "", spec.name,
                     toml_value(spec.get(settings)));
}

void print_table(std::string& out, std::string_view name, std::span<const KeySpec> keys,
                 const void* settings) {
  out += fmt::format("[{}]\n", name);
  for (const KeySpec& spec : keys) print_key(out, name, spec, settings);
}

/// A kind of table of which there may be none.
struct Kind {
  std::string_view name;
  std::span<const KeySpec> keys;
  bool is_repeated = true;  ///< [[name]], not [name]
  bool (*is_hidden)(const KeySpec&, const void* settings) = nullptr;
};

std::string header_of(const Kind& kind) {
  return kind.is_repeated ? fmt::format("[[{}]]", kind.name) : fmt::format("[{}]", kind.name);
}

/// Where there is none, what one would look like.
void print_tables(std::string& out, const Kind& kind, std::vector<const void*> tables,
                  const void* example) {
  const bool is_example = tables.empty();
  if (is_example) tables.push_back(example);
  for (const void* const settings : tables) {
    out += fmt::format("{}{}\n", is_example ? "# " : "", header_of(kind));
    for (const KeySpec& spec : kind.keys) {
      const bool is_hidden = kind.is_hidden != nullptr && kind.is_hidden(spec, settings);
      print_key(out, kind.name, spec, settings, is_example || is_hidden ? As::comment : As::key);
    }
  }
}

template <class Row>
std::vector<const void*> views_of(const std::vector<Row>& rows) {
  std::vector<const void*> views;
  for (const Row& row : rows) views.push_back(&row);
  return views;
}

void print_listener(std::string& out, const ListenerSettings& listener) {
  out += "[[listener]]\n";
  for (const KeySpec& spec : listener_keys()) {
    const std::string_view unused = why_unused(spec.name, listener);
    if (unused.empty()) {
      print_key(out, "listener", spec, &listener);
    } else {
      print_comment(out, fmt::format("{}: not used here; {}.", spec.name, unused));
      out += "\n";
    }
  }
  const TlsSettings example;
  std::vector<const void*> tls;
  if (listener.tls) tls.push_back(&*listener.tls);
  print_tables(out, {"listener.tls", tls_keys(), false}, std::move(tls), &example);
}

void print_handler(std::string& out, const HandlerTableSpec& handler, const void* settings) {
  if (!handler.is_repeated())
    return print_table(out, fmt::format("handlers.{}", handler.name), handler.keys, settings);
  std::vector<const void*> tables;
  for (std::size_t i = 0; i < handler.repeated.size(settings); ++i)
    tables.push_back(handler.repeated.at(settings, i));
  const std::shared_ptr<void> example = handler.make();
  print_tables(out, {handler.name, handler.keys}, std::move(tables),
               handler.repeated.append(example.get()));
}

void print_limit_rules(std::string& out, const Config& config) {
  LimitRuleSettings example;
  example.name = "requests";
  print_tables(out, {"limit", limit_rule_keys()}, views_of(config.limit_rules), &example);
}

/// A hash is not printed.
void print_users(std::string& out, const Config& config) {
  const auto is_hidden = [](const KeySpec& spec, const void* settings) {
    return spec.name == "password" &&
           has_hidden_password(*static_cast<const UserSettings*>(settings));
  };
  const UserSettings example;
  print_tables(out, {"user", user_keys(), true, is_hidden}, views_of(config.users), &example);
}

void print_modules(std::string& out, const Config& config) {
  const ModuleSettings example{"/usr/lib/reactord/modules/greet.so"};
  print_tables(out, {"module", module_keys()}, views_of(config.modules), &example);
}

}  // namespace

std::string print_config(const Config& config, std::span<const HandlerTableSpec> handlers) {
  std::string out;
  print_comment(out, "[restart]: takes effect at the next start, everything else with a reload.");
  out += "\n";
  for (const ConfigTable& each : single_tables()) {
    print_table(out, each.name, each.keys, each.view(config));
    if (each.name != "server") continue;
    for (const ListenerSettings& listener : config.listeners) print_listener(out, listener);
  }
  print_limit_rules(out, config);
  print_users(out, config);
  print_modules(out, config);
  for (const HandlerTableSpec& handler : handlers)
    if (const void* settings = handler_settings(config, handler.name);
        settings != nullptr && !handler.keys.empty())
      print_handler(out, handler, settings);
  out.pop_back();  // the blank line behind the last key
  return out;
}

}  // namespace reactord
