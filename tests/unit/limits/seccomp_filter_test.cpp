// SPDX-License-Identifier: MIT
#include "daemon/limits/seccomp_filter.h"

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "daemon/reactor/unique_fd.h"

using namespace reactord;

namespace {

/// A listening TCP socket, turned round: shut down, and sent from.
int errno_of_sending_out(bool by_message) {
  const UniqueFd goal(::socket(AF_INET, SOCK_STREAM, 0));
  const UniqueFd passed(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::listen(goal.get(), 1) != 0 || ::listen(passed.get(), 1) != 0) return -1;
  ::getsockname(goal.get(), reinterpret_cast<sockaddr*>(&address), &size);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::shutdown(passed.get(), SHUT_RDWR);
  char byte = 'x';
  iovec data{&byte, 1};
  msghdr message{};
  message.msg_name = &address;
  message.msg_namelen = size;
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  const ssize_t sent = by_message ? ::sendmsg(passed.get(), &message, MSG_FASTOPEN)
                                  : ::sendto(passed.get(), &byte, 1, MSG_FASTOPEN,
                                             reinterpret_cast<const sockaddr*>(&address), size);
  return sent < 0 ? errno : 0;
}

int sends_within() {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) return -1;
  char byte = 'x';
  iovec data{&byte, 1};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  return static_cast<int>(::send(pair[0], "x", 1, MSG_NOSIGNAL) +
                          ::sendmsg(pair[0], &message, MSG_NOSIGNAL));
}

/// What `ask` returns in a process of its own, locked or not: a filter cannot be taken off again.
template <class Ask>
int in_child(bool is_sandboxed, Ask ask) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (is_sandboxed) ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    forbid_outgoing_connections();
    ::_exit(ask());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}

}  // namespace

TEST_CASE("a listening socket is no way out of a sandbox") {
  for (const bool by_message : {false, true}) {
    CAPTURE(by_message);
    const auto try_it = [by_message] { return errno_of_sending_out(by_message); };
    // The tests may be in a sandbox themselves.
    if (::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0) CHECK(in_child(false, try_it) != EPERM);
    CHECK(in_child(true, try_it) == EPERM);
  }
}

TEST_CASE("all other sending goes on in a sandbox") {
  CHECK(in_child(true, sends_within) == 2);
}
