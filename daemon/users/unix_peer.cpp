// SPDX-License-Identifier: MIT
#include "daemon/users/unix_peer.h"

#include <grp.h>
#include <pwd.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <vector>

#include "daemon/net/peer_process.h"

namespace reactord {

namespace {

std::optional<std::uint32_t> number_of(const std::string& text) {
  std::uint32_t number = 0;
  const char* const last = text.data() + text.size();
  const auto [end, problem] = std::from_chars(text.data(), last, number);
  if (problem != std::errc() || end != last) return {};
  return number;
}

/// `look_up(buffer)` is one of the getXXnam_r(3), and returns what that does.
template <class LookUp>
void look_up_with_room(const LookUp& look_up) {
  std::vector<char> buffer(1024);
  while (look_up(buffer) == ERANGE) buffer.resize(buffer.size() * 2);  // a group with many members
}

}  // namespace

std::optional<UnixPeer> unix_peer_of(int fd) {
  const std::optional<PeerProcess> peer = peer_process_of(fd);
  if (!peer || peer->pid == 0) return {};
  return UnixPeer{peer->uid, peer->gid};
}

std::optional<::uid_t> find_uid(const std::string& user) {
  if (const auto number = number_of(user)) return *number;
  if (user.find('\0') != std::string::npos) return {};
  ::passwd entry{};
  ::passwd* found = nullptr;
  look_up_with_room([&](std::vector<char>& buffer) {
    return ::getpwnam_r(user.c_str(), &entry, buffer.data(), buffer.size(), &found);
  });
  if (found == nullptr) return {};
  return found->pw_uid;
}

std::optional<::gid_t> find_gid(const std::string& group) {
  if (const auto number = number_of(group)) return *number;
  if (group.find('\0') != std::string::npos) return {};
  ::group entry{};
  ::group* found = nullptr;
  look_up_with_room([&](std::vector<char>& buffer) {
    return ::getgrnam_r(group.c_str(), &entry, buffer.data(), buffer.size(), &found);
  });
  if (found == nullptr) return {};
  return found->gr_gid;
}

}  // namespace reactord
