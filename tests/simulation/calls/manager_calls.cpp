// SPDX-License-Identifier: MIT
// libsystemd's functions: what the daemon tells the service manager, and is given by it.
#include <systemd/sd-daemon.h>

#include <cstdlib>
#include <cstring>
#include <sstream>
#include <string>
#include <string_view>

#include "tests/simulation/calls/call.h"

namespace simulation {
namespace {

/// Of "NAME=VALUE" lines; "" where it is not there.
std::string value_of(const char* message, std::string_view name) {
  std::istringstream lines{std::string(message)};
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(name) && line.size() > name.size() && line[name.size()] == '=')
      return line.substr(name.size() + 1);
  return {};
}

}  // namespace
}  // namespace simulation

using namespace simulation;

extern "C" {

int sd_pid_notify_with_fds(pid_t /*process*/, int /*unset*/, const char* state, const int* fds,
                           unsigned count) {
  return simulate<int>("sd_pid_notify_with_fds", count, [&](Kernel& kernel) -> long {
    std::shared_ptr<OpenFile> file = kernel.process().descriptors.share(*fds);
    if (file == nullptr) return -EBADF;
    if (kernel.happens(kernel.faults.manager_fails)) {
      if (kernel.random().chance(50)) return 1;  // refused, in silence
      kernel.manager.be_slow(std::chrono::milliseconds(kernel.random().between(200, 3000)));
    }
    kernel.manager.store(value_of(state, "FDNAME"), std::move(file),
                         value_of(state, "FDPOLL") != "0");
    return 1;
  });
}

int sd_notify_barrier(int /*unset*/, uint64_t timeout) {
  return simulate<int>("sd_notify_barrier", 0, [&](Kernel& kernel) -> long {
    const Moment read = kernel.manager.reads_until();
    const Moment patience = kernel.timeline.now() + std::chrono::microseconds(timeout);
    (void)kernel.threads.block([&] { return kernel.timeline.now() >= read; },
                               std::min(read, patience));
    return kernel.timeline.now() >= read ? 1 : -ETIMEDOUT;
  });
}

int sd_notify(int /*unset*/, const char* state) {
  return simulate<int>("sd_notify", 0, [&](Kernel& kernel) -> long {
    if (value_of(state, "FDSTOREREMOVE") == "1") kernel.manager.remove(value_of(state, "FDNAME"));
    return 1;
  });
}

int sd_watchdog_enabled(int /*unset*/, uint64_t* /*microseconds*/) {
  return 0;
}

/// They are there since the process began (Kernel::begin_process()).
int sd_listen_fds_with_names(int /*unset*/, char*** names) {
  return simulate<int>("sd_listen_fds", 0, [&](Kernel& kernel) -> long {
    const std::vector<std::string>& passed = kernel.process().passed;
    *names = static_cast<char**>(std::calloc(passed.size() + 1, sizeof(char*)));
    for (std::size_t i = 0; i < passed.size(); ++i) (*names)[i] = ::strdup(passed[i].c_str());
    return static_cast<long>(passed.size());
  });
}

}  // extern "C"
