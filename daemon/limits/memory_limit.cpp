// SPDX-License-Identifier: MIT
#include "daemon/limits/memory_limit.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <new>
#include <utility>

namespace reactord {

namespace {

/// Enough for all small things of a turn: records of the log, lists, a few replies.
constexpr std::size_t kReserveBytes = 1u << 20;

/// Freed by the new-handler, which can take no argument.
void* reserve = nullptr;

void give_reserve_away() {
  if (reserve == nullptr) throw std::bad_alloc();
  std::free(std::exchange(reserve, nullptr));
}

/// proc(5), statm: all pages first, those of data and stack sixth.
struct PagesUsed {
  std::uint64_t all = 0;
  std::uint64_t data = 0;
};

PagesUsed pages_used() {
  PagesUsed used;
  std::uint64_t ignored = 0;
  std::ifstream file("/proc/self/statm");
  file >> used.all >> ignored >> ignored >> ignored >> ignored >> used.data;
  return used;
}

void consider(std::optional<MemoryLimit>& nearest, std::string name, std::uint64_t most,
              std::uint64_t used) {
  const std::uint64_t left = most > used ? most - used : 0;
  if (!nearest || left < nearest->left) nearest = {std::move(name), left};
}

void consider_resource(std::optional<MemoryLimit>& nearest, std::string name, int resource,
                       std::uint64_t pages) {
  rlimit limit{};
  if (::getrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0) return;
  if (limit.rlim_cur == RLIM_INFINITY) return;
  consider(nearest, std::move(name), limit.rlim_cur,
           pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
}

/// The number in a file; nothing if it is "max", or cannot be read.
std::optional<std::uint64_t> number_in(const std::string& path) {
  std::ifstream file(path);
  std::uint64_t number = 0;
  if (file >> number) return number;
  return {};
}

/// The process's own group and those around it, of version 2; a service manager may hide them.
void consider_control_groups(std::optional<MemoryLimit>& nearest) {
  std::ifstream file("/proc/self/cgroup");
  std::string line;
  while (std::getline(file, line) && !line.starts_with("0::")) continue;
  if (!line.starts_with("0::")) return;
  for (std::string group = line.substr(3); !group.empty(); group.resize(group.rfind('/'))) {
    const std::string folder = "/sys/fs/cgroup" + group;
    const std::optional<std::uint64_t> most = number_in(folder + "/memory.max");
    if (most)
      consider(nearest, folder + "/memory.max", *most,
               number_in(folder + "/memory.current").value_or(0));
    if (group.find('/') == std::string::npos) return;
  }
}

}  // namespace

std::optional<MemoryLimit> nearest_memory_limit() {
  std::optional<MemoryLimit> nearest;
  const PagesUsed used = pages_used();
  consider_resource(nearest, "RLIMIT_AS", RLIMIT_AS, used.all);
  consider_resource(nearest, "RLIMIT_DATA", RLIMIT_DATA, used.data);
  consider_control_groups(nearest);
  return nearest;
}

std::uint64_t possible_buffer_bytes(std::uint64_t configured,
                                    const std::optional<MemoryLimit>& limit) {
  constexpr std::uint64_t kLeast = 64u << 10;  // as of limits.max_buffer_memory
  if (!limit) return configured;
  return std::min(configured, std::max(limit->left / 2, kLeast));
}

void keep_memory_reserve() {
  renew_memory_reserve();
  std::set_new_handler(give_reserve_away);
}

void renew_memory_reserve() noexcept {
  if (reserve == nullptr) reserve = std::malloc(kReserveBytes);
}

}  // namespace reactord
