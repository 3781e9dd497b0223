// SPDX-License-Identifier: MIT
// Preloaded: tells the service manager RELOADING=1 half a second later than it is asked to, as a
// process that loses the CPU at this point would.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

ssize_t sendto(int fd, const void* data, size_t size, int flags, const struct sockaddr* address,
               socklen_t length) {
  static const char kTold[] = "RELOADING=1";
  if (size >= sizeof kTold - 1 && memcmp(data, kTold, sizeof kTold - 1) == 0) usleep(500 * 1000);
  ssize_t (*real)(int, const void*, size_t, int, const struct sockaddr*, socklen_t) = (ssize_t(*)(
      int, const void*, size_t, int, const struct sockaddr*, socklen_t))dlsym(RTLD_NEXT, "sendto");
  return real(fd, data, size, flags, address, length);
}
