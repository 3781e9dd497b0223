// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/net/dial.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "daemon/net/connecting_socket.h"
#include "tools/reactor-cli/net/resolve.h"

namespace reactord::cli {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// A connection over half the world takes a third of that.
constexpr milliseconds kMostOfOneAddress{1000};

struct Candidate {
  Endpoint endpoint;
  SocketAddress address;
};

milliseconds until(Clock::time_point deadline) {
  return std::max(std::chrono::ceil<milliseconds>(deadline - Clock::now()), milliseconds(0));
}

/// All addresses of all endpoints, or why one has none.
std::vector<Candidate> candidates_of(std::span<const Endpoint> endpoints, std::string& unknown) {
  std::vector<Candidate> all;
  for (const Endpoint& endpoint : endpoints) {
    Resolved found = resolve(endpoint);
    if (!found.problem.empty()) unknown = std::move(found.problem);
    for (const SocketAddress& address : found.addresses) all.push_back({endpoint, address});
  }
  return all;
}

/// 0 with a socket in `fd`, or the errno of why not.
int try_address(const SocketAddress& address, Clock::time_point deadline,
                const WaitForConnect& wait, UniqueFd& fd) {
  ConnectResult begun = begin_connect(address);
  if (begun.status == ConnectStatus::failed) return begun.error;
  if (begun.status == ConnectStatus::under_way) {
    if (!wait(begun.fd.get(), deadline)) return ETIMEDOUT;
    if (const int error = connect_error(begun.fd.get()); error != 0) return error;
  }
  fd = std::move(begun.fd);
  return 0;
}

/// Of a single address how it was named says all.
std::string describe(const Refusal& refusal, bool among_others) {
  const std::string named = to_string(refusal.endpoint);
  const std::string address = refusal.address.to_string();
  const std::string place =
      among_others && named != address ? fmt::format("{} ({})", named, address) : named;
  return fmt::format("{}: {}", place, std::strerror(refusal.error));
}

std::string advice(std::span<const Refusal> refusals, std::string_view otherwise) {
  const Refusal& first = refusals.front();
  if (first.error == EACCES && !first.endpoint.path.empty()) {
    return fmt::format(
        "user {} may not write to that socket: run as root or as a member of its group (ls -l {})",
        ::geteuid(), first.endpoint.path);
  }
  const bool unreachable = std::all_of(refusals.begin(), refusals.end(), [](const Refusal& one) {
    return one.address.is_ip() && one.address.is_local() &&
           (one.error == ENETUNREACH || one.error == EADDRNOTAVAIL);
  });
  return unreachable ? "is the loopback interface up? (ip link set lo up)" : std::string(otherwise);
}

}  // namespace

bool Dialed::timed_out() const {
  return !refusals.empty() && refusals.front().error == ETIMEDOUT;
}

bool wait_for_connect(int fd, Clock::time_point deadline) {
  pollfd one{fd, POLLOUT, 0};
  int ready = 0;
  do {
    ready = ::poll(&one, 1, static_cast<int>(until(deadline).count()));
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

Dialed dial(std::span<const Endpoint> endpoints, milliseconds timeout, const WaitForConnect& wait) {
  const Clock::time_point deadline = Clock::now() + timeout;
  Dialed dialed;
  const std::vector<Candidate> candidates = candidates_of(endpoints, dialed.unknown);
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const auto left = candidates.size() - i;
    const milliseconds share = until(deadline) / static_cast<int>(left);
    const auto until_then = Clock::now() + (left == 1 ? share : std::min(share, kMostOfOneAddress));
    const auto& [endpoint, address] = candidates[i];
    const int error = try_address(address, until_then, wait, dialed.fd);
    if (error == 0) {
      dialed.endpoint = endpoint;
      dialed.address = address;
      break;
    }
    dialed.refusals.push_back({endpoint, address, error});
  }
  return dialed;
}

std::string cannot_connect(std::span<const Refusal> refusals, std::string_view otherwise) {
  std::string text;
  for (const Refusal& refusal : refusals) {
    text += text.empty() ? "cannot connect to " : ", nor to ";
    text += describe(refusal, refusals.size() > 1);
  }
  return fmt::format("{}; {}", text, advice(refusals, otherwise));
}

std::vector<Endpoint> loopback(std::uint16_t port) {
  return {Endpoint{"127.0.0.1", port, ""}, Endpoint{"::1", port, ""}};
}

}  // namespace reactord::cli
