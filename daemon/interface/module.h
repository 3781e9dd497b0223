// SPDX-License-Identifier: MIT
// Handlers in a shared object, which a daemon loads by `[[module]] path = "..."`. The file that
// defines greet_handler() ends with:
//
//   REACTORD_MODULE(reactord::greet_handler())
//
// Built as a module that is all it needs; in a program of your own the line is harmless.
#pragma once

#include <vector>

#include "daemon/interface/handler_entry.h"

/// The version of the interface between a daemon and its modules: raised with every change of a
/// public header that older modules would not survive.
#define REACTORD_MODULE_INTERFACE "2"

#define REACTORD_TEXT_OF_(x) #x
#define REACTORD_TEXT_OF(x) REACTORD_TEXT_OF_(x)
#ifdef __clang__
#define REACTORD_COMPILER "clang++-" REACTORD_TEXT_OF(__clang_major__)
#else
#define REACTORD_COMPILER "g++-" REACTORD_TEXT_OF(__GNUC__)
#endif
#ifdef _GLIBCXX_RELEASE
#define REACTORD_STANDARD_LIBRARY \
  "libstdc++-" REACTORD_TEXT_OF(_GLIBCXX_RELEASE) "-abi" REACTORD_TEXT_OF(_GLIBCXX_USE_CXX11_ABI)
#else
#define REACTORD_STANDARD_LIBRARY "libc++-" REACTORD_TEXT_OF(_LIBCPP_VERSION)
#endif

/// What a module and its daemon must have in common: C++ objects pass between them.
#define REACTORD_MODULE_STAMP \
  "reactord-" REACTORD_MODULE_INTERFACE " " REACTORD_COMPILER " " REACTORD_STANDARD_LIBRARY

/// The stamp stands in a section of its own, where it is read before any code of the module runs.
#define REACTORD_MODULE(...)                                                              \
  extern "C" {                                                                            \
  __attribute__((visibility("default"))) extern const char reactord_module_stamp[];       \
  __attribute__((used, section(".reactord.module"))) const char reactord_module_stamp[] = \
      REACTORD_MODULE_STAMP;                                                              \
  __attribute__((visibility("default"))) void reactord_module_handlers(                   \
      std::vector<reactord::HandlerEntry>& handlers);                                     \
  __attribute__((used)) void reactord_module_handlers(                                    \
      std::vector<reactord::HandlerEntry>& handlers) {                                    \
    handlers = {__VA_ARGS__};                                                             \
  }                                                                                       \
  }                                                                                       \
  static_assert(true, "the macro takes a semicolon")
