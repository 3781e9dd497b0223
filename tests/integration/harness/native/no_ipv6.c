/* SPDX-License-Identifier: MIT
 * Preloaded into the daemon, it makes a host without IPv6: NO_IPV6=family has a kernel without it,
 * NO_IPV6=address one where it is switched off and no interface has an address. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static int is_missing(const char* what) {
  const char* missing = getenv("NO_IPV6");
  return missing && strcmp(missing, what) == 0;
}

int socket(int domain, int type, int protocol) {
  int (*real)(int, int, int) = (int (*)(int, int, int))dlsym(RTLD_NEXT, "socket");
  if (domain == AF_INET6 && is_missing("family")) {
    errno = EAFNOSUPPORT;
    return -1;
  }
  return real(domain, type, protocol);
}

int bind(int fd, const struct sockaddr* address, socklen_t length) {
  int (*real)(int, const struct sockaddr*, socklen_t) =
      (int (*)(int, const struct sockaddr*, socklen_t))dlsym(RTLD_NEXT, "bind");
  if (address->sa_family == AF_INET6 && is_missing("address")) {
    errno = EADDRNOTAVAIL;
    return -1;
  }
  return real(fd, address, length);
}
