// SPDX-License-Identifier: MIT
#include "daemon/admission/socket_opening.h"

#include <fmt/format.h>
#include <grp.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace reactord {

namespace {

/// By its name, as in /etc/group or wherever else the system looks (nsswitch.conf(5)).
std::optional<::gid_t> find_group(const std::string& name) {
  if (name.find('\0') != std::string::npos) return {};
  ::group entry{};
  ::group* found = nullptr;
  std::vector<char> buffer(1024);
  while (::getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) == ERANGE)
    buffer.resize(buffer.size() * 2);  // a group with many members
  if (found == nullptr) return {};
  return found->gr_gid;
}

bool has_address(const ListenerSettings& settings, const SocketAddress& address) {
  return std::any_of(
      settings.addresses.begin(), settings.addresses.end(),
      [&](const Endpoint& one) { return socket_address(one).to_string() == address.to_string(); });
}

std::string no_such_group(const ListenerSettings& settings) {
  return fmt::format(
      "listener.group: there is no group '{}', which the listener '{}' wants: create it (groupadd "
      "--system {}), or name another",
      settings.group, settings.name, settings.group);
}

}  // namespace

SocketAddress socket_address(const Endpoint& endpoint) {
  switch (endpoint.kind) {
    case Endpoint::Kind::ipv4: {
      const auto& ip = endpoint.ip;
      return SocketAddress::ipv4({ip[0], ip[1], ip[2], ip[3]}, endpoint.port);
    }
    case Endpoint::Kind::ipv6:
      return SocketAddress::ipv6(endpoint.ip, endpoint.port);
    case Endpoint::Kind::unix_path:
      return SocketAddress::unix_path(endpoint.path);
    case Endpoint::Kind::systemd:
      break;  // adopted, never opened
  }
  return {};
}

std::string unix_file_of(const ListenerSettings& settings, UnixFileOptions& options) {
  options.mode = settings.mode.bits;
  options.group.reset();
  if (settings.group.empty()) return {};
  options.group = find_group(settings.group);
  return options.group ? "" : no_such_group(settings);
}

ListenResult open_endpoint(const Endpoint& endpoint, const ListenerSettings& settings,
                           bool is_beside_ours) {
  ListenOptions options{.backlog = static_cast<int>(settings.backlog),
                        .is_beside_ours = is_beside_ours};
  if (endpoint.kind == Endpoint::Kind::unix_path)
    if (std::string problem = unix_file_of(settings, options.unix_file); !problem.empty())
      return {ListenStatus::failed, {}, std::move(problem)};
  return open_listening_socket(socket_address(endpoint), options);
}

/// 127.0.0.1 and ::1 at one port, as by default, are one wish: this machine alone. One of them is
/// enough for it. An IPv4 address without the other was meant.
bool may_be_left_out(const Endpoint& endpoint, const ListenerSettings& settings) {
  if (endpoint.kind != Endpoint::Kind::ipv4) return true;
  std::array<std::uint8_t, 16> loopback{};
  loopback.back() = 1;
  return socket_address(endpoint).is_local() &&
         has_address(settings, SocketAddress::ipv6(loopback, endpoint.port));
}

std::string check_passed(int fd, const ListenerSettings& settings) {
  if (std::string problem = adopt_listening_socket(fd); !problem.empty()) return problem;
  const SocketAddress address = SocketAddress::local_of(fd);
  if (settings.role == ListenerRole::http && settings.allow.empty() && !address.is_local())
    return fmt::format(
        "the socket passed for the HTTP listener '{}' is at {}, which other machines can reach: it "
        "needs listener.allow, which says who may come",
        settings.name, address.to_string());
  if (settings.role != ListenerRole::admin || address.is_local()) return {};
  return fmt::format(
      "the socket passed for the admin listener '{}' is at {}, which other machines can reach: "
      "its socket unit needs ListenStream= with a path, 127.0.0.1 or [::1]",
      settings.name, address.to_string());
}

std::string no_socket_passed(const ListenerSettings& settings) {
  return fmt::format(
      "no socket was passed for the listener '{}': its socket unit needs FileDescriptorName={}",
      settings.name, settings.name);
}

std::string nobody_wants_passed(const std::string& name) {
  return fmt::format(
      "a socket was passed under the name '{}', but no [[listener]] of that name has address = "
      "\"systemd\"",
      name);
}

}  // namespace reactord
