// SPDX-License-Identifier: MIT
#include "daemon/modules/module_loader.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>

#include "daemon/interface/module.h"
#include "daemon/modules/module_stamp.h"
#include "daemon/reactor/unique_fd.h"
#include "protocol/escape.h"

namespace reactord {

namespace {

constexpr const char* kEntryPoint = "reactord_module_handlers";
using EntryPoint = void (*)(std::vector<HandlerEntry>&);

std::string cannot(std::string_view what) {
  return fmt::format("cannot {}: {}", what, std::strerror(errno));
}

/// Its code becomes the daemon's: nobody else may have written it, or may write it yet.
std::string problem_with_file(int fd) {
  struct stat file {};
  if (::fstat(fd, &file) != 0) return cannot("look at it");
  if (!S_ISREG(file.st_mode)) return "is no regular file";
  if (file.st_uid != 0 && file.st_uid != ::geteuid())
    return fmt::format("belongs to user {}, who is neither root nor the daemon's own", file.st_uid);
  if ((file.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return fmt::format("can be written by others (mode {:04o}): chmod go-w it",
                       file.st_mode & 07777u);
  return {};
}

/// Before any code of it runs.
std::string problem_before_loading(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) return cannot("open it");
  if (std::string problem = problem_with_file(file.get()); !problem.empty()) return problem;
  const ModuleStamp stamp = read_module_stamp(file.get());
  if (!stamp.problem.empty()) return stamp.problem;
  if (stamp.text == REACTORD_MODULE_STAMP) return {};
  return fmt::format("was built for '{}', and this daemon is '{}': build it anew against it",
                     escaped(stamp.text), REACTORD_MODULE_STAMP);
}

std::string load_error() {
  const char* const text = ::dlerror();
  return fmt::format("cannot load it: {}", text == nullptr ? "no reason is given" : text);
}

/// dlopen(3) is declared as if nothing could throw in it, and calls the module's initialisers.
/// Called as what it is declared as, an optimising compiler leaves out the way of an exception.
void* (*volatile const open_object)(const char*, int) = ::dlopen;

/// Runs the module's initialisers, and asks it for its handlers. They may throw.
std::string load(const std::string& path, std::vector<HandlerEntry>& handlers) {
  void* const object = open_object(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (object == nullptr) return load_error();
  void* const symbol = ::dlsym(object, kEntryPoint);
  if (symbol == nullptr) return load_error();
  reinterpret_cast<EntryPoint>(symbol)(handlers);
  return {};
}

std::string load_guarded(const std::string& path, std::vector<HandlerEntry>& handlers) {
  try {
    return load(path, handlers);
  } catch (const std::exception& error) {
    return fmt::format("threw while it was loaded: {}", error.what());
  } catch (...) {
    return "threw while it was loaded";
  }
}

const HandlerEntry* find_named(std::span<const HandlerEntry> entries, std::string_view name) {
  const auto found = std::ranges::find(entries, name, &HandlerEntry::name);
  return found == entries.end() ? nullptr : &*found;
}

std::string problem_with_handlers(std::span<const HandlerEntry> handlers,
                                  std::span<const HandlerEntry> present,
                                  std::span<const HandlerEntry> loaded) {
  if (handlers.empty()) return "has no handlers";
  for (const HandlerEntry& entry : handlers) {
    if (entry.make == nullptr || entry.table.make == nullptr || entry.name.empty())
      return "has a handler without a name or a way to make it";
    const HandlerEntry* other = find_named(present, entry.name);
    if (other == nullptr) other = find_named(loaded, entry.name);
    if (other != nullptr)
      return fmt::format("its handler '{}' has the name of one {}", escaped(entry.name),
                         other->origin.empty() ? "that this daemon has itself"
                                               : fmt::format("of module {}", other->origin));
  }
  return {};
}

}  // namespace

LoadedModules load_modules(std::span<const ModuleSettings> modules,
                           std::span<const HandlerEntry> present) {
  LoadedModules loaded;
  for (const ModuleSettings& module : modules) {
    std::vector<HandlerEntry> handlers;
    std::string problem = problem_before_loading(module.path);
    if (problem.empty()) problem = load_guarded(module.path, handlers);
    if (problem.empty()) problem = problem_with_handlers(handlers, present, loaded.handlers);
    if (!problem.empty()) {
      loaded.problems.push_back(fmt::format("module {}: {}", escaped(module.path), problem));
      continue;
    }
    for (HandlerEntry& entry : handlers) {
      entry.origin = module.path;
      loaded.handlers.push_back(std::move(entry));
    }
  }
  return loaded;
}

}  // namespace reactord
