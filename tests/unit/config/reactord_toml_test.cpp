// SPDX-License-Identifier: MIT
// Holds config/reactord.toml, which people read, against the declared keys: the file has every key
// with its default and no other, and loads to the defaults.
#include <doctest/doctest.h>

#include <fstream>
#include <map>
#include <regex>
#include <sstream>
#include <string>

#include "config/documentation/documentation.h"
#include "config/print_config.h"
#include "config/text/toml_text.h"
#include "config/users/user_tables.h"
#include "config/value_types.h"
#include "daemon/interface/registry.h"
#include "tests/unit/config/config_fixtures.h"

namespace reactord {
namespace {

std::string read_documented() {
  std::ifstream file(REACTORD_SOURCE_DIR "/config/reactord.toml", std::ios::binary);
  REQUIRE(file.good());
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

struct DocumentedKey {
  std::string value;
  std::string comment;  ///< the lines above it
};

/// By "table.key": every key line of the file, examples ("# key = value") too.
std::map<std::string, DocumentedKey> keys_in(const std::string& toml) {
  const std::regex header(R"(^(?:# )?\[+([a-z_.]+)\]+$)");
  const std::regex key_line(R"(^(?:# )?([a-z_]+) = (.+)$)");
  std::map<std::string, DocumentedKey> out;
  std::string table;
  std::string comment;
  std::istringstream lines(toml);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    const bool is_header = std::regex_match(line, match, header);
    if (is_header) table = match[1];
    if (std::regex_match(line, match, key_line)) {
      const DocumentedKey key{match[2], comment};
      CHECK_MESSAGE(out.emplace(table + "." + match[1].str(), key).second, line);
    }
    comment = line.starts_with("#") && !is_header ? comment + line + "\n" : "";
  }
  return out;
}

void add_defaults(std::map<std::string, std::string>& out, std::string_view table,
                  std::span<const KeySpec> keys, const void* settings) {
  for (const KeySpec& spec : keys) {
    out.emplace(std::string(table) + "." + std::string(spec.name), toml_value(spec.get(settings)));
  }
}

std::map<std::string, std::string> default_values(std::span<const HandlerTableSpec> handlers) {
  const Config config = default_config(handlers);
  std::map<std::string, std::string> out;
  for (const ConfigTable& table : single_tables()) {
    add_defaults(out, table.name, table.keys, table.view(config));
  }
  add_defaults(out, "listener", listener_keys(), &config.listeners.at(0));
  LimitRuleSettings limit;  // an example: there is none
  limit.name = "requests";
  add_defaults(out, "limit", limit_rule_keys(), &limit);
  const UserSettings user;  // an example: there is none
  add_defaults(out, "user", user_keys(), &user);
  const TlsSettings tls;  // an example: it has none
  add_defaults(out, "listener.tls", tls_keys(), &tls);
  out.emplace("module.path", "\"/usr/lib/reactord/modules/greet.so\"");  // an example: it has none
  for (const HandlerTableSpec& handler : handlers) {
    if (handler.keys.empty()) continue;
    if (handler.is_repeated()) {  // an example: there is none
      const std::shared_ptr<void> list = handler.make();
      add_defaults(out, handler.name, handler.keys, handler.repeated.append(list.get()));
      continue;
    }
    add_defaults(out, "handlers." + std::string(handler.name), handler.keys,
                 config.handlers.at(std::string(handler.name)).get());
  }
  return out;
}

TEST_CASE("config/reactord.toml loads to the defaults") {
  const auto handlers = handler_tables();
  const LoadedConfig loaded = parse_config(read_documented(), handlers);
  CHECK_EQ(test::text_of(loaded.problems), "");
  CHECK_EQ(test::text_of(settings_of(loaded.config, handlers)),
           test::text_of(settings_of(default_config(handlers), handlers)));
}

TEST_CASE("config/reactord.toml has every key with its default, and no other") {
  const auto in_file = keys_in(read_documented());
  const auto in_code = default_values(handler_tables());
  for (const auto& entry : in_code) {
    const std::string& path = entry.first;
    CAPTURE(path);
    REQUIRE_MESSAGE(in_file.contains(path),
                    "add it to config/reactord.toml: a comment, and below it "
                    "the key with its default, ",
                    entry.second);
    CHECK_EQ(in_file.at(path).value, entry.second);
  }
  for (const auto& entry : in_file) {
    const std::string& path = entry.first;
    CAPTURE(path);
    CHECK(in_code.contains(path));
    CHECK_FALSE(entry.second.comment.empty());
  }
}

/// Of a configuration in which no key is unused: print_config() names those without their comment.
const std::string_view kEverythingUsed =
    "[[listener]]\naddress = 'unix:/a'\n[listener.tls]\ncertificate = 'a.pem'\n"
    "[[listener]]\nname = 'line'\naddress = '127.0.0.1:0'\nframing = 'line'\nhandler = 'ceil'\n"
    "[[limit]]\nconnections = 1\n"
    "[[user]]\nname = 'a'\nunix_user = 'root'\n"
    "[[module]]\npath = '/m.so'\n"
    "[[relay]]\ncommands = ['GET']\nbackends = ['a:1']\n";

TEST_CASE("a printed configuration has the comments of config/reactord.toml, each above its key") {
  const auto handlers = handler_tables();
  const LoadedConfig loaded = parse_config(kEverythingUsed, handlers);
  REQUIRE_EQ(test::text_of(loaded.problems), "");
  const std::string printed = print_config(loaded.config, handlers);
  const LoadedConfig again = parse_config(printed, handlers);
  CHECK_EQ(test::text_of(again.problems), "");
  CHECK_EQ(test::text_of(settings_of(again.config, handlers)),
           test::text_of(settings_of(loaded.config, handlers)));
  const auto in_file = keys_in(read_documented());
  for (const auto& entry : default_values(handlers)) {
    const std::string& path = entry.first;
    CAPTURE(path);
    const std::string& comment = in_file.at(path).comment;
    CHECK_EQ(comment_above(path), comment);
    const std::string key = path.substr(path.rfind('.') + 1);
    CHECK_NE(printed.find("\n" + comment + key + " = "), std::string::npos);
  }
}

void check_restart_marks(const std::map<std::string, DocumentedKey>& in_file,
                         std::string_view table, std::span<const KeySpec> keys) {
  for (const KeySpec& spec : keys) {
    const std::string path = std::string(table) + "." + std::string(spec.name);
    CAPTURE(path);
    REQUIRE(in_file.contains(path));
    const bool marked = in_file.at(path).comment.find("[restart]") != std::string::npos;
    CHECK_EQ(marked, spec.apply == Apply::restart);
  }
}

TEST_CASE("config/reactord.toml says which keys need a restart") {
  const auto in_file = keys_in(read_documented());
  for (const ConfigTable& table : single_tables()) {
    check_restart_marks(in_file, table.name, table.keys);
  }
  check_restart_marks(in_file, "listener", listener_keys());
  check_restart_marks(in_file, "limit", limit_rule_keys());
  check_restart_marks(in_file, "user", user_keys());
  check_restart_marks(in_file, "listener.tls", tls_keys());
  check_restart_marks(in_file, "module", module_keys());
  for (const HandlerTableSpec& handler : handler_tables()) {
    const std::string table = handler.is_repeated() ? "" : "handlers.";
    check_restart_marks(in_file, table + std::string(handler.name), handler.keys);
  }
}

}  // namespace
}  // namespace reactord
