// SPDX-License-Identifier: MIT
#include "daemon/keeping/found_connections.h"

#include <sys/socket.h>

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "daemon/handover/fd_passing.h"
#include "daemon/keeping/socket_cookie.h"

namespace reactord {

namespace {

/// More than there can be descriptors.
constexpr std::size_t kMost = std::size_t{1} << 21;

class Finder {
 public:
  Finder(FoundConnections& found, std::chrono::seconds now) : found_(found), now_(now) {}

  void take(std::vector<UniqueFd> table_and_sockets) {
    if (table_and_sockets.empty()) return;
    if (!has_table_) read_table(std::move(table_and_sockets.front()));
    for (std::size_t i = 1; i < table_and_sockets.size(); ++i)
      take_socket(std::move(table_and_sockets[i]));
  }

 private:
  void read_table(UniqueFd fd) {
    has_table_ = true;
    SharedMemory memory;
    found_.problem = memory.open(std::move(fd));
    if (!found_.problem.empty()) return;
    ReceivedTable table = read_kept_table(memory.bytes(), now_, kMost);
    found_.problem = std::move(table.problem);
    found_.last_client_id = table.last_client_id;
    for (KeptConnection& kept : table.connections) waiting_.insert({kept.cookie, std::move(kept)});
  }

  /// Of one that was put there anew when its message was thinned there are two.
  void take_socket(UniqueFd fd) {
    const std::uint64_t cookie = socket_cookie(fd.get());
    if (taken_.contains(cookie)) return;
    const auto kept = waiting_.find(cookie);
    if (kept == waiting_.end()) {
      ++found_.unknown;
      (void)::shutdown(fd.get(), SHUT_RDWR);
      return;
    }
    taken_.insert(cookie);
    found_.connections.push_back({std::move(fd), std::move(kept->second)});
    waiting_.erase(kept);
  }

  FoundConnections& found_;
  std::chrono::seconds now_;
  bool has_table_ = false;
  std::unordered_map<std::uint64_t, KeptConnection> waiting_;  ///< by their cookies
  std::unordered_set<std::uint64_t> taken_;
};

}  // namespace

FoundConnections find_kept(int fd, std::chrono::seconds now) {
  FoundConnections found;
  Finder finder(found, now);
  for (;;) {
    FdMessage message = receive_with_fds(fd, 1);
    if (message.status != FdMessage::Status::received) break;
    if (!message.problem.empty()) found.problem = message.problem;
    finder.take(std::move(message.fds));
  }
  std::ranges::stable_sort(found.connections, std::ranges::greater{},
                           [](const FoundConnections::Found& each) { return each.kept.saved.age; });
  return found;
}

}  // namespace reactord
