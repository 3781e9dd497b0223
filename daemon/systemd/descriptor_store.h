// SPDX-License-Identifier: MIT
// The service manager's store of descriptors, which it gives to the process that follows
// (FileDescriptorStoreMax=, sd_pid_notify_with_fds(3)). The manager says nothing of what it does
// not keep: that is found out. Calls wait for it, a second at most, and so belong to the start and
// the end of a process.
#pragma once

#include <string>
#include <string_view>

namespace reactord {

/// Gives `fd` to the store under `name`, where it also stays once its other end has hung up
/// (FDPOLL=0), and waits until the manager has taken or refused it; the problem, or "".
[[nodiscard]] std::string store_descriptor(int fd, std::string_view name);

/// All of that name; harmless where there is none.
void remove_from_store(std::string_view name);

}  // namespace reactord
