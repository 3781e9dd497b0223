// SPDX-License-Identifier: MIT
// Closes the one way out that a service's sandbox leaves open. A listening socket that systemd
// passes belongs to the host's network, and shut down it can be connected by sending with
// MSG_FASTOPEN, which no list of system calls can tell from any other sending. This looks at the
// flags.
#pragma once

namespace reactord {

/// From now on sending with MSG_FASTOPEN fails with EPERM (seccomp(2)), for this thread and those
/// that it starts. Does nothing outside of a sandbox (no_new_privs), where every other way is open
/// anyway.
void forbid_outgoing_connections();

}  // namespace reactord
