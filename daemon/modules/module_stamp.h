// SPDX-License-Identifier: MIT
// Reads the stamp of a module out of its ELF file (elf(5)), so that a module of another interface,
// compiler or standard library is refused before any code of it runs. Knows no loader.
#pragma once

#include <string>

namespace reactord {

struct ModuleStamp {
  std::string text;     ///< REACTORD_MODULE_STAMP as the module was built with
  std::string problem;  ///< why there is none, or ""
};

/// Of the regular file that `fd` reads.
[[nodiscard]] ModuleStamp read_module_stamp(int fd);

}  // namespace reactord
