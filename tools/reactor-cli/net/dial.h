// SPDX-License-Identifier: MIT
// Connects to a server that may have several addresses: both of loopback where none was named, all
// of a name's. Each is tried in its turn, and what became of it is told. Knows no request.
#pragma once

#include <chrono>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/net/socket_address.h"
#include "daemon/reactor/unique_fd.h"
#include "tools/reactor-cli/net/endpoint.h"

namespace reactord::cli {

/// An address that did not connect.
struct Refusal {
  Endpoint endpoint;      ///< as it was named
  SocketAddress address;  ///< what it stands for
  int error = 0;          ///< errno; ETIMEDOUT where the time was used up
};

struct Dialed {
  UniqueFd fd;  ///< none: see the others
  Endpoint endpoint;
  SocketAddress address;
  std::vector<Refusal> refusals;
  std::string unknown;  ///< a name has no address: the problem, with what to do

  /// All of them gave no answer in time, or the first did.
  [[nodiscard]] bool timed_out() const;
};

/// Waits until the descriptor can be written to; false at the deadline.
using WaitForConnect = std::function<bool(int fd, std::chrono::steady_clock::time_point deadline)>;

/// poll(2), for who does nothing else meanwhile.
[[nodiscard]] bool wait_for_connect(int fd, std::chrono::steady_clock::time_point deadline);

/// The first address that accepts. `timeout` is for all of them together; an address gets a second
/// at most while another is left: one that is silent must not use up the time of those behind it.
[[nodiscard]] Dialed dial(std::span<const Endpoint> endpoints, std::chrono::milliseconds timeout,
                          const WaitForConnect& wait = wait_for_connect);

/// "cannot connect to ...: why", each address named that was tried, with what to do. `otherwise`:
/// what to do where nobody answers there.
[[nodiscard]] std::string cannot_connect(std::span<const Refusal> refusals,
                                         std::string_view otherwise);

/// 127.0.0.1 and ::1: where a server is that nobody named.
[[nodiscard]] std::vector<Endpoint> loopback(std::uint16_t port);

}  // namespace reactord::cli
