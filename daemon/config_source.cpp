// SPDX-License-Identifier: MIT
#include "daemon/config_source.h"

namespace reactord {

LoadedConfig ConfigSource::load(std::span<const HandlerTableSpec> handlers) const {
  LoadedConfig loaded =
      path_.empty() ? LoadedConfig{default_config(handlers), {}} : load_config(path_, handlers);
  if (!listen_.empty()) {
    ListenerSettings listener = default_listener();
    listener.addresses = listen_;
    loaded.config.listeners = {listener};
  }
  return loaded;
}

std::string ConfigSource::describe(std::span<const ConfigProblem> problems) const {
  std::string text;
  for (const ConfigProblem& problem : problems) {
    if (!text.empty()) text += '\n';
    text += to_string(problem, path_);
  }
  return text;
}

}  // namespace reactord
