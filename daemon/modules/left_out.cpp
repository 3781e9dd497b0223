// SPDX-License-Identifier: MIT
// In place of the loader, where the build has none (REACTORD_MODULES).
#include "daemon/modules/module_loader.h"

namespace reactord {

LoadedModules load_modules(std::span<const ModuleSettings> modules, std::span<const HandlerEntry>) {
  LoadedModules loaded;
  for (const ModuleSettings& module : modules)
    loaded.problems.push_back("module " + module.path +
                              ": this reactord was built without modules (REACTORD_MODULES=OFF)");
  return loaded;
}

}  // namespace reactord
