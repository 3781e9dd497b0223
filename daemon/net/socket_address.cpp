// SPDX-License-Identifier: MIT
#include "daemon/net/socket_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace reactord {

namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::string ip_text(int family, const void* ip) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  return ::inet_ntop(family, ip, text.data(), text.size()) != nullptr ? text.data() : "?";
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

}  // namespace

SocketAddress SocketAddress::ipv4(std::array<std::uint8_t, 4> ip, std::uint16_t port) {
  SocketAddress address;
  address.storage_.v4.sin_family = AF_INET;
  address.storage_.v4.sin_port = htons(port);
  std::memcpy(&address.storage_.v4.sin_addr, ip.data(), ip.size());
  address.size_ = sizeof(sockaddr_in);
  return address;
}

SocketAddress SocketAddress::ipv6(std::array<std::uint8_t, 16> ip, std::uint16_t port) {
  SocketAddress address;
  address.storage_.v6.sin6_family = AF_INET6;
  address.storage_.v6.sin6_port = htons(port);
  std::memcpy(&address.storage_.v6.sin6_addr, ip.data(), ip.size());
  address.size_ = sizeof(sockaddr_in6);
  return address;
}

SocketAddress SocketAddress::mapped(std::array<std::uint8_t, 16> ip, std::uint16_t port) {
  if (!std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), ip.begin())) return ipv6(ip, port);
  return ipv4({ip[12], ip[13], ip[14], ip[15]}, port);
}

SocketAddress SocketAddress::unix_path(std::string_view path) {
  SocketAddress address;
  address.storage_.un.sun_family = AF_UNIX;
  const std::size_t length = std::min(path.size(), sizeof(address.storage_.un.sun_path) - 1);
  std::memcpy(address.storage_.un.sun_path, path.data(), length);
  address.size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length + 1);
  return address;
}

SocketAddress SocketAddress::local_of(int fd) {
  SocketAddress address;
  if (::getsockname(fd, address.data(), address.size_for_kernel()) != 0) return {};
  return address;
}

SocketAddress SocketAddress::peer_of(int fd) {
  SocketAddress address;
  if (::getpeername(fd, address.data(), address.size_for_kernel()) != 0) return {};
  return address;
}

std::uint16_t SocketAddress::port() const {
  if (family() == AF_INET) return ntohs(storage_.v4.sin_port);
  if (family() == AF_INET6) return ntohs(storage_.v6.sin6_port);
  return 0;
}

std::array<std::uint8_t, 16> SocketAddress::mapped_ip() const {
  std::array<std::uint8_t, 16> ip{};
  if (family() == AF_INET6) std::memcpy(ip.data(), &storage_.v6.sin6_addr, ip.size());
  if (family() == AF_INET) {
    std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), ip.begin());
    std::memcpy(ip.data() + kMappedPrefix.size(), &storage_.v4.sin_addr, 4);
  }
  return ip;
}

bool SocketAddress::is_local() const {
  if (family() == AF_UNIX) return true;
  const std::array<std::uint8_t, 16> ip = mapped_ip();
  if (std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), ip.begin())) return ip[12] == 127;
  return std::all_of(ip.begin(), ip.end() - 1, [](auto byte) { return byte == 0; }) && ip[15] == 1;
}

std::string SocketAddress::to_string() const {
  if (family() == AF_INET)
    return ip_text(AF_INET, &storage_.v4.sin_addr) + ":" + std::to_string(port());
  if (family() == AF_INET6)
    return "[" + ip_text(AF_INET6, &storage_.v6.sin6_addr) + "]:" + std::to_string(port());
  if (family() != AF_UNIX) return "?";
  std::string name(unix_name());
  if (name.starts_with('\0')) name.front() = '@';
  std::replace_if(name.begin(), name.end(), is_control, '?');
  return "unix:" + name;
}

std::string SocketAddress::path() const {
  if (family() != AF_UNIX || unix_name().starts_with('\0')) return {};
  return std::string(unix_name());
}

/// unix(7): a path ends at its NUL, if it has one; the kernel may count one beyond a full sun_path.
/// An abstract name begins with a NUL and is as long as the address says.
std::string_view SocketAddress::unix_name() const {
  constexpr std::size_t kHeader = offsetof(sockaddr_un, sun_path);
  const std::size_t size = std::clamp<std::size_t>(size_, kHeader, sizeof storage_.un) - kHeader;
  const std::string_view name(storage_.un.sun_path, size);
  return name.starts_with('\0') ? name : name.substr(0, name.find('\0'));
}

socklen_t* SocketAddress::size_for_kernel() {
  size_ = sizeof(storage_);
  return &size_;
}

}  // namespace reactord
