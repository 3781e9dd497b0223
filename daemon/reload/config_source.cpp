// SPDX-License-Identifier: MIT
#include "daemon/reload/config_source.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "config/check.h"
#include "config/config.h"
#include "daemon/http/http_site.h"
#include "daemon/tls/context/tls_context.h"

namespace reactord {

std::string ConfigSource::path() const {
  std::error_code error;
  return path_.empty() ? "" : std::filesystem::absolute(path_, error).string();
}

LoadedConfig ConfigSource::load(std::span<const HandlerTableSpec> handlers) const {
  LoadedConfig loaded =
      path_.empty() ? LoadedConfig{default_config(handlers), {}} : load_config(path_, handlers);
  for (ListenerSettings& listener : loaded.config.listeners)
    listener.allow_set = std::make_shared<const NetworkSet>(listener.allow);
  if (listen_.empty() && loaded.ok()) load_certificates(loaded);
  if (listen_.empty() && loaded.ok()) load_http(loaded);
  if (!listen_.empty()) {
    ListenerSettings listener = default_listener();
    listener.addresses = listen_;
    loaded.config.listeners = {listener};
    // Of a file that is bad in itself the loader has told already.
    if (loaded.ok()) check_config(loaded.config, handlers, {}, loaded.problems);
  }
  return loaded;
}

/// A path without a "/" in front begins at the folder of the file.
void ConfigSource::load_certificates(LoadedConfig& loaded) const {
  const auto folder = std::filesystem::path(path()).parent_path();
  const auto find = [&](std::string& file) {
    if (!file.empty()) file = (folder / file).string();
  };
  for (ListenerSettings& listener : loaded.config.listeners) {
    if (!listener.tls) continue;
    TlsSettings found = *listener.tls;
    for (std::string& file : found.certificate) find(file);
    for (std::string& file : found.key) find(file);
    find(found.client_ca);
    LoadedTls tls = load_tls(found);
    listener.handshakes = std::move(tls.context);
    for (const std::string& problem : tls.problems)
      loaded.problems.push_back({listener.line, 1, fmt::format("listener.tls: {}", problem)});
  }
}

/// Before the loop has a use for it.
void ConfigSource::load_http(LoadedConfig& loaded) {
  for (const ListenerSettings& listener : loaded.config.listeners) {
    if (listener.role != ListenerRole::http) continue;
    const std::string problem = problem_with_http();
    if (!problem.empty())
      loaded.problems.push_back({listener.line, 1, fmt::format("listener.role: {}", problem)});
  }
}

std::string ConfigSource::replaced_listeners() const {
  if (path_.empty() || listen_.empty()) return {};
  std::string names;
  for (const ListenerSettings& listener : load_config(path_, {}).config.listeners)
    if (listener.line > 0) names += (names.empty() ? "" : ", ") + listener.name;
  return names;
}

std::vector<ModuleSettings> ConfigSource::modules() const {
  if (path_.empty()) return {};
  std::vector<ModuleSettings> modules = load_config(path_, {}).config.modules;
  std::erase_if(modules, [](const ModuleSettings& module) { return module.path.empty(); });
  if (modules.size() > kMaxModules) return {};
  const auto folder = std::filesystem::path(path()).parent_path();
  for (ModuleSettings& module : modules) module.path = (folder / module.path).string();
  return modules;
}

std::vector<std::string> ConfigSource::describe(std::span<const ConfigProblem> problems) const {
  std::vector<std::string> lines;
  for (const ConfigProblem& problem : problems)
    lines.push_back(to_string(problem, path_.empty() ? "command line" : path_));
  return lines;
}

}  // namespace reactord
