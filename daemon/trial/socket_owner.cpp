// SPDX-License-Identifier: MIT
#include "daemon/trial/socket_owner.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

namespace reactord {

namespace {

using Inodes = std::set<std::string>;

std::string first_line_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// The inodes of sockets that listen there: proc(5), /proc/net/tcp and /proc/net/unix.
Inodes listening_at(const SocketAddress& address) {
  Inodes inodes;
  const auto add_from = [&](const char* file, auto&& inode_in) {
    std::ifstream table(file);
    std::string line;
    std::getline(table, line);  // the heading
    while (std::getline(table, line)) {
      std::istringstream words(line);
      if (std::string inode = inode_in(words); !inode.empty()) inodes.insert(inode);
    }
  };
  const std::string port = fmt::format(":{:04X}", address.port());
  const auto of_tcp = [&](std::istringstream& words) -> std::string {
    std::string slot, local, remote, state, queues, timer, retries, user, timeout, inode;
    words >> slot >> local >> remote >> state >> queues >> timer >> retries >> user >> timeout >>
        inode;
    return state == "0A" && local.ends_with(port) ? inode : "";
  };
  const auto of_unix = [&](std::istringstream& words) -> std::string {
    std::string slot, count, protocol, flags, type, state, inode, path;
    words >> slot >> count >> protocol >> flags >> type >> state >> inode >> path;
    return path == address.path() ? inode : "";
  };
  if (!address.is_ip()) {
    add_from("/proc/net/unix", of_unix);
    return inodes;
  }
  add_from("/proc/net/tcp", of_tcp);
  add_from("/proc/net/tcp6", of_tcp);
  return inodes;
}

/// Whether the process has one of them open; true where that cannot be seen.
bool may_have_open(const std::filesystem::path& process, const Inodes& inodes) {
  std::error_code error;
  std::filesystem::directory_iterator file(process / "fd", error);
  if (error) return true;
  for (; file != std::filesystem::directory_iterator(); file.increment(error)) {
    const std::string link = std::filesystem::read_symlink(file->path(), error).string();
    constexpr std::string_view kPrefix = "socket:[";
    if (error || !link.starts_with(kPrefix)) continue;
    if (inodes.contains(link.substr(kPrefix.size(), link.size() - kPrefix.size() - 1))) return true;
  }
  return false;
}

bool may_be_ours(const Inodes& inodes) {
  const std::string ours = first_line_of("/proc/self/comm");
  const std::string self = fmt::to_string(::getpid());
  std::error_code error;
  std::filesystem::directory_iterator process("/proc", error);
  if (error) return true;
  for (; process != std::filesystem::directory_iterator(); process.increment(error)) {
    if (error) return true;
    if (process->path().filename() == self || first_line_of(process->path() / "comm") != ours)
      continue;
    if (may_have_open(process->path(), inodes)) return true;
  }
  return false;
}

}  // namespace

SocketOwner owner_of(const SocketAddress& address) {
  const Inodes inodes = listening_at(address);
  if (inodes.empty()) return SocketOwner::nobody;
  return may_be_ours(inodes) ? SocketOwner::ours : SocketOwner::other;
}

}  // namespace reactord
