// SPDX-License-Identifier: MIT
#include "daemon/net/listening_socket.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

#include "daemon/net/path_lock.h"

namespace reactord {

namespace {

// Keep-alive: first probe after 5 minutes of silence, then every 30 s. Sooner than the kernel's 2
// hours, so that NAT tables forget nobody and vanished peers do not hold a slot for half a day.
// Where TCP_USER_TIMEOUT is set it decides instead of the count (tcp(7)): a peer silent for longer
// than that is dead when the second probe falls due, so the interval is what the first one has to
// be answered in.
constexpr int kKeepAliveIdleSeconds = 300;
constexpr int kKeepAliveIntervalSeconds = 30;
constexpr int kKeepAliveProbes = 4;

std::string problem_text(const std::string& what, int error) {
  return what + ": " + std::strerror(error);
}

bool is_socket_file(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode);
}

std::string advice(const SocketAddress& address, int error) {
  if (error == EADDRINUSE && !address.is_ip() && !is_socket_file(address.path()))
    return "; what is there is no socket: remove it, or choose another path";
  if (error == EADDRINUSE)
    return "; another program listens there: stop it, or choose another address";
  if (error == EACCES && address.is_ip())
    return "; ports below 1024 need CAP_NET_BIND_SERVICE: choose a higher one";
  if (error == EACCES)
    return "; let user " + std::to_string(::geteuid()) + " write to its folder, or choose another";
  if (error == EADDRNOTAVAIL) return "; this machine has no such address";
  if (error == EPERM && !address.is_ip())
    return "; run as root or as a member of the group, or choose another";
  if (error == ENOENT) return "; create its folder first";
  return "";
}

ListenResult failure(const SocketAddress& address, const std::string& call, int error) {
  ListenResult result;
  const bool missing_family = error == EAFNOSUPPORT || error == EPROTONOSUPPORT ||
                              (error == EADDRNOTAVAIL && address.is_ip() && address.is_local());
  result.status = missing_family ? ListenStatus::no_such_family : ListenStatus::failed;
  result.problem =
      problem_text("cannot " + call + " " + address.to_string(), error) + advice(address, error);
  return result;
}

void set_option(int fd, int level, int option, int value) noexcept {
  (void)::setsockopt(fd, level, option, &value, sizeof value);
}

/// Urgent bytes stay where they are in the stream (protocol/README.md; RFC 6093, section 5).
/// TCP's connections have it from the socket that they were accepted by, at no cost of their own;
/// those of a Unix socket do not.
void keep_urgent_data_inline(int fd) noexcept {
  set_option(fd, SOL_SOCKET, SO_OOBINLINE, 1);
}

/// A path whose socket refuses connections was left behind by a process that is gone. A file that
/// is no socket refuses them too (connect(2)), and is somebody's data.
bool is_stale_unix_socket(const SocketAddress& address) {
  if (!is_socket_file(address.path())) return false;
  const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!probe) return false;
  return ::connect(probe.get(), address.data(), address.size()) != 0 && errno == ECONNREFUSED;
}

int bind_address(int fd, const SocketAddress& address) noexcept {
  return ::bind(fd, address.data(), address.size()) == 0 ? 0 : errno;
}

int replace_stale_unix_socket(int fd, const SocketAddress& address) {
  if (!is_stale_unix_socket(address)) return EADDRINUSE;
  if (::unlink(address.path().c_str()) != 0) return errno;
  return bind_address(fd, address);
}

/// The file appears with its final mode at once: chmod afterwards would leave a moment open to all.
int bind_unix(int fd, const SocketAddress& address, ::mode_t mode) {
  const ::mode_t before = ::umask(~mode & 0777u);
  int error = bind_address(fd, address);
  if (error == EADDRINUSE) error = replace_stale_unix_socket(fd, address);
  ::umask(before);
  return error;
}

/// Before anybody listens: until then the kernel refuses all connections, so there is no moment at
/// which the wrong group could connect. lchown, because whoever may write to the folder could put a
/// link in the file's place.
int give_to_group(const SocketAddress& address, const ListenOptions& options) {
  if (address.is_ip() || !options.unix_file.group) return 0;
  const std::string path = address.path();
  if (::lchown(path.c_str(), static_cast<::uid_t>(-1), *options.unix_file.group) == 0) return 0;
  const int error = errno;
  ::unlink(path.c_str());
  return error;
}

int bind_ip(int fd, const SocketAddress& address, bool is_beside_ours) {
  // Lets a restart bind while old connections are in TIME_WAIT; on Linux it does not share a live
  // port.
  set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (address.family() == AF_INET6) set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  if (is_beside_ours) let_share(fd, true);
  return bind_address(fd, address);
}

}  // namespace

namespace {

ListenResult open_locked(const SocketAddress& address, const ListenOptions& options) {
  UniqueFd fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return failure(address, "open a socket for", errno);
  const int bind_error = address.is_ip() ? bind_ip(fd.get(), address, options.is_beside_ours)
                                         : bind_unix(fd.get(), address, options.unix_file.mode);
  if (bind_error != 0) return failure(address, "bind", bind_error);
  if (const int error = give_to_group(address, options); error != 0)
    return failure(address, "set the group of", error);
  keep_urgent_data_inline(fd.get());
  if (::listen(fd.get(), options.backlog) != 0) return failure(address, "listen on", errno);
  // Not before: listen(2) looks once more whether the port is free.
  if (options.is_beside_ours) let_share(fd.get(), false);
  return {ListenStatus::ok, std::move(fd), {}};
}

ListenResult lock_failure(const SocketAddress& address, const PathLock& lock) {
  ListenResult result;
  result.problem = lock.error() == EWOULDBLOCK
                       ? fmt::format(
                             "cannot bind {}: another program is about to listen there (it "
                             "holds {}): stop it, or choose another address",
                             address.to_string(), lock.path())
                       : fmt::format(
                             "cannot bind {}: cannot lock {}: {}; remove that file, or "
                             "choose another address",
                             address.to_string(), lock.path(), std::strerror(lock.error()));
  return result;
}

}  // namespace

ListenResult open_listening_socket(const SocketAddress& address, const ListenOptions& options) {
  if (address.path().empty()) return open_locked(address, options);
  const PathLock lock(address.path());
  return lock.error() == 0 ? open_locked(address, options) : lock_failure(address, lock);
}

namespace {

BindTrial trial_of(const SocketAddress& address, int error) {
  if (error == 0) return {};
  ListenResult result = failure(address, "bind", error);
  if (error == EADDRINUSE && (address.is_ip() || is_socket_file(address.path())))
    return {BindTrial::Status::taken, std::move(result.problem)};
  return {result.status == ListenStatus::no_such_family ? BindTrial::Status::no_such_family
                                                        : BindTrial::Status::failed,
          std::move(result.problem)};
}

/// What bind(2) would say, without a file.
int unix_bind_error(const SocketAddress& address) {
  const std::string path = address.path();
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == path.npos ? "." : path.substr(0, slash + 1);
  if (::access(folder.c_str(), W_OK | X_OK) != 0) return errno;
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 ? EADDRINUSE : 0;
}

}  // namespace

BindTrial try_to_bind(const SocketAddress& address) {
  if (!address.is_ip()) return trial_of(address, unix_bind_error(address));
  const UniqueFd fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  return trial_of(address, fd ? bind_ip(fd.get(), address, false) : errno);
}

void let_share(int fd, bool may_share) noexcept {
  set_option(fd, SOL_SOCKET, SO_REUSEPORT, may_share ? 1 : 0);
}

void set_backlog(int fd, int backlog) noexcept {
  (void)::listen(fd, backlog);
}

std::string change_unix_file(const SocketAddress& address, const UnixFileOptions& options) {
  const std::string path = address.path();
  const ::gid_t group = options.group.value_or(::getegid());
  struct stat before {};
  if (::lstat(path.c_str(), &before) != 0)
    return problem_text("cannot find " + address.to_string(), errno);
  const auto set_mode = [&](::mode_t mode) {
    return ::fchmodat(AT_FDCWD, path.c_str(), mode, AT_SYMLINK_NOFOLLOW) == 0;
  };
  // First what both allow, then the group, then the rest.
  if (!set_mode(before.st_mode & options.mode & 0777u) ||
      (before.st_gid != group && ::lchown(path.c_str(), static_cast<::uid_t>(-1), group) != 0) ||
      !set_mode(options.mode)) {
    const int error = errno;
    (void)set_mode(before.st_mode & 0777u);
    return problem_text("cannot change the mode and group of " + address.to_string(), error) +
           advice(address, error);
  }
  return {};
}

std::string adopt_listening_socket(int fd) {
  int listening = 0;
  socklen_t size = sizeof listening;
  if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0)
    return problem_text("descriptor " + std::to_string(fd) + " is no socket", errno);
  int type = 0;
  size = sizeof type;
  if (::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM || !listening)
    return "descriptor " + std::to_string(fd) + " is no listening stream socket";
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
      ::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
    return problem_text("descriptor " + std::to_string(fd) + " cannot be made non-blocking", errno);
  keep_urgent_data_inline(fd);
  return {};
}

bool has_waiting(int listening_fd) noexcept {
  pollfd listening{.fd = listening_fd, .events = POLLIN, .revents = 0};
  return ::poll(&listening, 1, 0) != 0;  // what is wrong with it, accept(2) tells
}

AcceptResult accept_connection(int listening_fd) noexcept {
  AcceptResult result;
  int fd = -1;
  do {
    fd = ::accept4(listening_fd, result.peer.data(), result.peer.size_for_kernel(),
                   SOCK_NONBLOCK | SOCK_CLOEXEC);
  } while (fd < 0 && errno == EINTR);
  if (fd >= 0) {
    result.status = AcceptStatus::accepted;
    result.fd = UniqueFd(fd);
    if (!result.peer.is_ip()) keep_urgent_data_inline(fd);
    return result;
  }
  result.error = errno;
  switch (result.error) {
    case EAGAIN:
      result.status = AcceptStatus::none_waiting;
      break;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      result.status = AcceptStatus::exhausted;
      break;
    // accept(2): errors already pending on the new socket are passed on; treat them like EAGAIN and
    // retry.
    case ECONNABORTED:
    case EPERM:
    case ENETDOWN:
    case EPROTO:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
      result.status = AcceptStatus::gone;
      break;
    default:
      result.status = AcceptStatus::failed;
      break;
  }
  return result;
}

void set_user_timeout(int fd, std::chrono::milliseconds timeout) noexcept {
  const auto most = static_cast<std::int64_t>(std::numeric_limits<int>::max());
  const auto clamped = std::clamp<std::int64_t>(timeout.count(), 0, most);
  set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(clamped));
}

void tune_listening_socket(int fd, std::chrono::milliseconds write_stall) noexcept {
  if (!SocketAddress::local_of(fd).is_ip()) return;
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveIdleSeconds);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveIntervalSeconds);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveProbes);
  set_user_timeout(fd, write_stall);
}

}  // namespace reactord
