// SPDX-License-Identifier: MIT
// What a process is told of itself and its machine: always the same, so that a seed's replies are.
#include <arpa/inet.h>
#include <malloc.h>
#include <netdb.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <random>

#include "tests/simulation/calls/call.h"

using namespace simulation;

extern "C" {

pid_t getpid() noexcept {
  SIMULATION_REAL(getpid);
  return is_simulated() ? Kernel::active()->process().number : real_getpid();
}

uid_t geteuid() noexcept {
  SIMULATION_REAL(geteuid);
  return is_simulated() ? 0 : real_geteuid();
}

gid_t getegid() noexcept {
  SIMULATION_REAL(getegid);
  return is_simulated() ? 0 : real_getegid();
}

/// No $NOTIFY_SOCKET (kernel/service_manager.h), no journal, no terminal.
char* getenv(const char* name) noexcept {
  SIMULATION_REAL(getenv);
  return is_simulated() ? nullptr : real_getenv(name);
}

int uname(utsname* system) noexcept {
  SIMULATION_REAL(uname);
  if (!is_simulated()) return real_uname(system);
  *system = {};
  std::strcpy(system->sysname, "Simulated");
  return 0;
}

int gethostname(char* into, size_t size) noexcept {
  SIMULATION_REAL(gethostname);
  if (!is_simulated()) return real_gethostname(into, size);
  std::strncpy(into, "simulated", size);
  return 0;
}

int getrlimit(__rlimit_resource_t resource, rlimit* limit) noexcept {
  SIMULATION_REAL(getrlimit);
  if (!is_simulated()) return real_getrlimit(resource, limit);
  *limit = {RLIM_INFINITY, RLIM_INFINITY};
  if (resource == RLIMIT_NOFILE) *limit = Kernel::active()->process().descriptors.limit;
  return 0;
}

int setrlimit(__rlimit_resource_t resource, const rlimit* limit) noexcept {
  SIMULATION_REAL(setrlimit);
  if (!is_simulated()) return real_setrlimit(resource, limit);
  return simulate<int>("setrlimit", static_cast<std::int64_t>(limit->rlim_cur),
                       [&](Kernel& kernel) -> long {
                         if (limit->rlim_max > kernel.process().descriptors.limit.rlim_max)
                           return -EPERM;
                         kernel.process().descriptors.limit = *limit;
                         return 0;
                       });
}

int getrusage(__rusage_who_t who, rusage* usage) noexcept {
  SIMULATION_REAL(getrusage);
  if (!is_simulated()) return real_getrusage(who, usage);
  *usage = {};
  return 0;
}

struct mallinfo2 mallinfo2() noexcept {
  SIMULATION_REAL(mallinfo2);
  struct mallinfo2 nothing {};
  return is_simulated() ? nothing : real_mallinfo2();
}

int malloc_trim(size_t left) noexcept {
  SIMULATION_REAL(malloc_trim);
  return is_simulated() ? 0 : real_malloc_trim(left);
}

/// Addresses in digits are read; a name is asked for in vain.
int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** result) {
  SIMULATION_REAL(getaddrinfo);
  if (!is_simulated() || (hints->ai_flags & AI_NUMERICHOST) != 0)
    return real_getaddrinfo(node, service, hints, result);
  const OutsideOfDaemon outside;
  Kernel& kernel = *Kernel::active();
  const Moment answer =
      kernel.timeline.now() + std::chrono::milliseconds(kernel.random().between(1, 3000));
  (void)kernel.threads.block([] { return false; }, answer);
  return EAI_NONAME;
}

}  // extern "C"

/// There are no numbers but those of a seed.
std::random_device::result_type std::random_device::_M_getval() {
  const OutsideOfDaemon outside;
  if (!is_simulated()) std::abort();
  return static_cast<result_type>(Kernel::active()->random().next());
}
