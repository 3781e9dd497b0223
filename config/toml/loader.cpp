// SPDX-License-Identifier: MIT
#include "config/toml/loader.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <exception>

#include "config/check.h"
#include "config/secrets/secret_text.h"
#include "config/tables.h"
#include "config/text/suggest.h"
#include "config/text/toml_text.h"
#include "config/toml/password_files.h"
#include "config/toml/regular_file.h"
#include "config/toml/toml_advice.h"
#include "config/toml/toml_items.h"
#include "config/users/user_tables.h"

namespace reactord {
namespace {

/// A file that is no configuration at all would fill the log.
constexpr std::size_t kMaxProblems = 100;

constexpr std::string_view kListener = "listener";
constexpr std::string_view kLimit = "limit";
constexpr std::string_view kModule = "module";
constexpr std::string_view kUser = "user";
constexpr std::string_view kTls = "tls";
constexpr std::string_view kHandlers = "handlers";

/// Turns a parsed document into a Config, key by key as the tables declare them.
class Reader {
 public:
  Reader(LoadedConfig& loaded, std::span<const HandlerTableSpec> handlers)
      : loaded_(loaded), handlers_(handlers) {}

  void read(const toml::table& root) {
    for (const auto& [name, node] : root) read_root_entry(name, node);
    if (loaded_.config.listeners.empty()) loaded_.config.listeners.push_back(default_listener());
    fit_defaults();
    check_config(loaded_.config, handlers_, places_, loaded_.problems);
  }

 private:
  void report(TextPosition at, std::string message) {
    loaded_.problems.push_back({at.line, at.column, std::move(message)});
  }

  void read_root_entry(const toml::key& name, const toml::node& node) {
    if (name.str() == kListener) return read_listeners(name, node);
    if (name.str() == kLimit) return read_limit_rules(name, node);
    if (name.str() == kModule) return read_modules(name, node);
    if (name.str() == kUser) return read_users(name, node);
    if (name.str() == kHandlers) return read_handlers(name, node);
    for (const ConfigTable& known : single_tables()) {
      if (name.str() != known.name) continue;
      const toml::table* table = node.as_table();
      if (table == nullptr) return report_no_table(name, node);
      return read_keys(*table, known.keys, known.settings(loaded_.config),
                       fmt::format("[{}]", known.name), known.name, known.name);
    }
    for (const HandlerTableSpec& known : handlers_)
      if (known.is_repeated() && name.str() == known.name) return read_repeated(known, name, node);
    report_unknown_root_entry(name, node);
  }

  /// A limit that the file does not set follows a smaller one that it does set, which it must not
  /// exceed (check.cpp).
  void fit_defaults() {
    LimitSettings& limits = loaded_.config.limits;
    fit_default("max_frame", limits.max_frame, "max_buffer_memory", limits.max_buffer_memory);
    fit_default("max_inline", limits.max_inline, "max_frame", limits.max_frame);
    fit_default("output_high_water", limits.output_high_water, "max_buffer_memory",
                limits.max_buffer_memory);
  }

  void fit_default(std::string_view less, ByteCount& value, std::string_view more,
                   const ByteCount& most) {
    const bool is_set = places_.contains(fmt::format("limits.{}", less));
    const auto bound = places_.find(fmt::format("limits.{}", more));
    if (!is_set && (bound == places_.end() || bound->second.good)) value = std::min(value, most);
  }

  void report_no_table(const toml::key& name, const toml::node& node) {
    report(begin_of(name.source()),
           fmt::format("expected the table [{0}], found {1}: write [{0}] on a "
                       "line of its own and its keys below",
                       name.str(), kind_of(node)));
  }

  void report_unknown_root_entry(const toml::key& name, const toml::node& node) {
    std::vector<std::string_view> names{kListener, kLimit, kModule, kUser, kHandlers};
    for (const ConfigTable& known : single_tables()) names.push_back(known.name);
    for (const HandlerTableSpec& known : handlers_)
      if (known.is_repeated()) names.push_back(known.name);
    if (node.is_table() || node.is_array_of_tables()) {
      report(begin_of(name.source()),
             fmt::format("unknown table {}{}", shown(name.str()), suggestion(name.str(), names)));
    } else {
      report(begin_of(name.source()), fmt::format("unknown key {} above the first table{}",
                                                  shown(name.str()), home_of(name.str())));
    }
  }

  /// "; it belongs in [limits]" for a key that another table declares.
  static std::string home_of(std::string_view key) {
    for (const ConfigTable& known : single_tables()) {
      if (find_key(known.keys, key)) return fmt::format("; it belongs in [{}]", known.name);
    }
    if (find_key(tls_keys(), key)) return "; it belongs in [listener.tls]";
    return find_key(listener_keys(), key) ? "; it belongs in [[listener]]" : "";
  }

  /// `title` is the table for messages, `shown_path` its path for messages, `path` the one in
  /// places_.
  void read_keys(const toml::table& table, std::span<const KeySpec> keys, void* settings,
                 std::string_view title, std::string_view shown_path, std::string_view path) {
    for (const auto& [name, node] : table) {
      if (name.str() == kTls && title == "[[listener]]") continue;  // a table of its own
      const KeySpec* spec = find_key(keys, name.str());
      if (spec == nullptr) {
        report_unknown_key(name, keys, title);
        continue;
      }
      const bool good =
          read_value(node, *spec, settings, fmt::format("{}.{}", shown_path, spec->name));
      places_[fmt::format("{}.{}", path, spec->name)] = {begin_of(name.source()),
                                                         begin_of(node.source()), good};
    }
  }

  void report_unknown_key(const toml::key& name, std::span<const KeySpec> keys,
                          std::string_view title) {
    std::vector<std::string_view> names;
    for (const KeySpec& known : keys) names.push_back(known.name);
    std::string hint = home_of(name.str());
    if (hint.empty()) hint = suggestion(name.str(), names);
    report(begin_of(name.source()),
           fmt::format("unknown key {} in {}{}", shown(name.str()), title, hint));
  }

  /// Stores the value, or reports every problem with it.
  bool read_value(const toml::node& node, const KeySpec& spec, void* settings,
                  const std::string& path) {
    const std::vector<ValueProblem> problems = set_value(node, spec, settings);
    for (const ValueProblem& each : problems)
      report(each.at, fmt::format("{}: {}", path, each.problem));
    return problems.empty();
  }

  /// Of `[[name]]`, each table; null after reporting that it is something else.
  const toml::array* tables_of(const toml::key& name, const toml::node& node) {
    const toml::array* list = node.as_array();
    if (list != nullptr && (list->empty() || list->is_array_of_tables())) return list;
    report(begin_of(name.source()),
           fmt::format("expected [[{}]] in double brackets, because there may be several; found {}",
                       name.str(), kind_of(node)));
    return nullptr;
  }

  void read_listeners(const toml::key& name, const toml::node& node) {
    const toml::array* const tables = tables_of(name, node);
    if (tables == nullptr) return;
    for (const toml::node& item : *tables) read_listener(*item.as_table());
  }

  void read_listener(const toml::table& table) {
    const std::size_t index = loaded_.config.listeners.size();
    const TextPosition at = begin_of(table.source());
    ListenerSettings& listener = loaded_.config.listeners.emplace_back();
    listener.line = at.line;
    listener.name = fmt::format("listener{}", index + 1);
    const std::string path = fmt::format("listener.{}", index);
    places_[path] = {at, at, true};
    read_keys(table, listener_keys(), &listener, "[[listener]]", kListener, path);
    if (const toml::node* const tls = table.get(kTls)) read_tls(*tls, listener, path);
  }

  void read_tls(const toml::node& node, ListenerSettings& listener,
                const std::string& listener_path) {
    const toml::table* const table = node.as_table();
    const TextPosition at = begin_of(node.source());
    if (table == nullptr)
      return report(at, fmt::format("expected the table [listener.tls], found {}", kind_of(node)));
    const std::string path = fmt::format("{}.{}", listener_path, kTls);
    places_[path] = {at, at, true};
    read_keys(*table, tls_keys(), &listener.tls.emplace(), "[listener.tls]", "listener.tls", path);
  }

  void read_limit_rules(const toml::key& name, const toml::node& node) {
    const toml::array* const tables = tables_of(name, node);
    if (tables == nullptr) return;
    for (const toml::node& item : *tables) read_limit_rule(*item.as_table());
  }

  void read_limit_rule(const toml::table& table) {
    const std::size_t index = loaded_.config.limit_rules.size();
    const TextPosition at = begin_of(table.source());
    LimitRuleSettings& rule = loaded_.config.limit_rules.emplace_back();
    rule.name = fmt::format("limit{}", index + 1);
    const std::string path = fmt::format("limit.{}", index);
    places_[path] = {at, at, true};
    read_keys(table, limit_rule_keys(), &rule, "[[limit]]", kLimit, path);
  }

  void read_modules(const toml::key& name, const toml::node& node) {
    const toml::array* const tables = tables_of(name, node);
    if (tables == nullptr) return;
    for (const toml::node& item : *tables) read_module(*item.as_table());
  }

  void read_module(const toml::table& table) {
    const std::string path = fmt::format("module.{}", loaded_.config.modules.size());
    const TextPosition at = begin_of(table.source());
    ModuleSettings& module = loaded_.config.modules.emplace_back();
    places_[path] = {at, at, true};
    read_keys(table, module_keys(), &module, "[[module]]", kModule, path);
  }

  void read_users(const toml::key& name, const toml::node& node) {
    const toml::array* const tables = tables_of(name, node);
    if (tables == nullptr) return;
    for (const toml::node& item : *tables) read_user(*item.as_table());
  }

  void read_user(const toml::table& table) {
    const std::string path = fmt::format("user.{}", loaded_.config.users.size());
    const TextPosition at = begin_of(table.source());
    UserSettings& user = loaded_.config.users.emplace_back();
    user.line = at.line;
    places_[path] = {at, at, true};
    read_keys(table, user_keys(), &user, "[[user]]", kUser, path);
    for (PasswordSetting& password : user.passwords) {
      if (password.from.empty()) continue;
      KeyPlace& place = places_[path + ".password"];
      if (std::string problem = read_password(password); !problem.empty()) {
        report(place.value, "user.password: " + problem);
        place.good = false;
      }
    }
  }

  /// The [[NAME]] tables of one handler.
  void read_repeated(const HandlerTableSpec& handler, const toml::key& name,
                     const toml::node& node) {
    const toml::array* const tables = tables_of(name, node);
    if (tables == nullptr) return;
    void* const list = loaded_.config.handlers.find(handler.name)->second.get();
    for (const toml::node& item : *tables) {
      if (handler.repeated.size(list) == RepeatedTable::kMaxTables)
        return report(begin_of(item.source()),
                      fmt::format("there may be at most {} [[{}]] tables",
                                  RepeatedTable::kMaxTables, handler.name));
      read_repeated_table(handler, *item.as_table(), list);
    }
  }

  void read_repeated_table(const HandlerTableSpec& handler, const toml::table& table, void* list) {
    const std::size_t problems_before = loaded_.problems.size();
    void* const element = handler.repeated.append(list);
    read_keys(table, handler.keys, element, fmt::format("[[{}]]", handler.name), handler.name,
              fmt::format("{}.{}", handler.name, handler.repeated.size(list)));
    if (loaded_.problems.size() > problems_before) return;
    if (const std::string problem = handler.repeated.check(element); !problem.empty())
      report(begin_of(table.source()), fmt::format("[[{}]]: {}", handler.name, problem));
  }

  void read_handlers(const toml::key& name, const toml::node& node) {
    const toml::table* table = node.as_table();
    if (table == nullptr) return report_no_table(name, node);
    for (const auto& [handler, settings] : *table) read_handler(handler, settings);
  }

  void read_handler(const toml::key& name, const toml::node& node) {
    const std::string path = fmt::format("handlers.{}", name.str());
    for (const HandlerTableSpec& known : handlers_) {
      if (name.str() != known.name || known.is_repeated()) continue;
      const toml::table* table = node.as_table();
      if (table == nullptr) {
        return report(begin_of(name.source()),
                      fmt::format("expected the table [{}], found {}", path, kind_of(node)));
      }
      return read_keys(*table, known.keys, loaded_.config.handlers.find(known.name)->second.get(),
                       fmt::format("[{}]", path), path, path);
    }
    std::vector<std::string_view> names;
    for (const HandlerTableSpec& known : handlers_)
      if (!known.is_repeated()) names.push_back(known.name);
    report(begin_of(name.source()), fmt::format("there is no handler {}{}", shown(name.str()),
                                                suggestion(name.str(), names)));
  }

  LoadedConfig& loaded_;
  std::span<const HandlerTableSpec> handlers_;
  KeyPlaces places_;
};

void sort_and_bound(std::vector<ConfigProblem>& problems) {
  std::stable_sort(problems.begin(), problems.end(),
                   [](const ConfigProblem& a, const ConfigProblem& b) {
                     return TextPosition{a.line, a.column} < TextPosition{b.line, b.column};
                   });
  if (problems.size() <= kMaxProblems) return;
  const std::size_t more = problems.size() - kMaxProblems;
  problems.resize(kMaxProblems);
  problems.push_back({0, 0, fmt::format("and {} more problems", more)});
}

/// What a parser must not see. Returns whether the text may be parsed.
bool check_text(std::string_view toml, std::vector<ConfigProblem>& problems) {
  const auto report_at = [&](std::size_t offset, std::string message) {
    const TextPosition at = position_of(toml, offset);
    problems.push_back({at.line, at.column, std::move(message)});
  };
  if (toml.size() > kMaxConfigFileBytes) {
    problems.push_back({0, 0, fmt::format("is larger than {} bytes", kMaxConfigFileBytes)});
  } else if (const auto bad_byte = find_invalid_utf8(toml)) {
    report_at(*bad_byte, fmt::format("the byte 0x{:02x} is not UTF-8",
                                     static_cast<unsigned char>(toml[*bad_byte])));
  } else if (const auto deep_key = find_too_deep_key(toml)) {
    report_at(*deep_key, fmt::format("a key has more than {} dotted parts", kMaxKeyParts));
  }
  return problems.empty();
}

/// Hashes must not stay behind in memory that was given back.
void wipe_texts(toml::node& node) {
  if (auto* const text = node.as_string()) wipe(text->get());
  if (auto* const list = node.as_array())
    for (toml::node& item : *list) wipe_texts(item);
}

void wipe_passwords(toml::table& root) {
  toml::array* const users = root[kUser].as_array();
  if (users == nullptr) return;
  for (toml::node& user : *users)
    if (toml::table* const keys = user.as_table())
      if (toml::node* const password = keys->get("password")) wipe_texts(*password);
}

void parse_into(LoadedConfig& loaded, std::string_view toml,
                std::span<const HandlerTableSpec> handlers) {
  try {
    // toml++ 3.3 looks past the end after some unfinished table headers; a last line end keeps it
    // inside.
    std::string text = std::string(toml) + "\n";
    toml::table root = toml::parse(text);
    wipe(text);
    Reader(loaded, handlers).read(root);
    wipe_passwords(root);
  } catch (const toml::parse_error& error) {
    const TomlAdvice advice = advise_on_toml(toml, begin_of(error.source()));
    loaded.problems = {
        {advice.at.line, advice.at.column,
         advice.message.empty() ? on_one_line(error.description()) : advice.message}};
  } catch (const std::exception& error) {
    loaded.problems = {{0, 0, fmt::format("cannot be parsed: {}", on_one_line(error.what()))}};
  }
}

constexpr std::string_view kHowToBegin =
    "; check its path, or: reactord --print-config > FILE writes one to start from";

/// What may not be looked at is not known to be missing.
bool is_missing(const std::string& path) {
  const bool is_path = path.find('\0') == std::string::npos;
  return is_path && ::access(path.c_str(), F_OK) != 0 && errno == ENOENT;
}

LoadedConfig file_problem(std::string message) {
  LoadedConfig loaded;
  loaded.problems.push_back({0, 0, std::move(message)});
  return loaded;
}

}  // namespace

LoadedConfig parse_config(std::string_view toml, std::span<const HandlerTableSpec> handlers) {
  LoadedConfig loaded;
  for (const HandlerTableSpec& handler : handlers) {
    loaded.config.handlers.emplace(handler.name, handler.make());
  }
  if (check_text(toml, loaded.problems)) parse_into(loaded, toml, handlers);
  sort_and_bound(loaded.problems);
  return loaded;
}

LoadedConfig load_config(const std::string& path, std::span<const HandlerTableSpec> handlers) {
  std::string toml;
  if (std::string problem = read_regular_file(path, kMaxConfigFileBytes, toml); !problem.empty()) {
    if (is_missing(path)) problem += kHowToBegin;
    return file_problem(std::move(problem));
  }
  LoadedConfig loaded = parse_config(toml, handlers);
  wipe(toml);
  return loaded;
}

std::string to_string(const ConfigProblem& problem, std::string_view file) {
  if (problem.line == 0) return fmt::format("{}: {}", file, problem.message);
  return fmt::format("{}:{}:{}: {}", file, problem.line, problem.column, problem.message);
}

}  // namespace reactord
