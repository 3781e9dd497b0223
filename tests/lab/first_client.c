/* SPDX-License-Identifier: MIT
 *
 * The client that a course on sockets begins with: it sends one message, receives once, prints what
 * came. It has the flaws that first programs have: its message has no end, and one recv may bring
 * less than the whole answer. It is here to be served, not to be imitated.
 *
 *   first_client ADDRESS PORT MESSAGE
 */
#define _POSIX_C_SOURCE 200112L

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char** argv) {
  struct addrinfo hints, *server;
  char answer[32];
  ssize_t received;
  int fd;

  if (argc != 4) {
    fprintf(stderr, "usage: %s ADDRESS PORT MESSAGE\n", argv[0]);
    return 2;
  }
  memset(&hints, 0, sizeof hints);
  hints.ai_socktype = SOCK_STREAM;
  if (getaddrinfo(argv[1], argv[2], &hints, &server) != 0) {
    fprintf(stderr, "no such address\n");
    return 1;
  }
  fd = socket(server->ai_family, server->ai_socktype, server->ai_protocol);
  if (fd < 0 || connect(fd, server->ai_addr, server->ai_addrlen) < 0) {
    perror("connect");
    return 1;
  }
  freeaddrinfo(server);

  if (send(fd, argv[3], strlen(argv[3]), 0) < 0) {
    perror("send");
    return 1;
  }
  received = recv(fd, answer, sizeof answer - 1, 0); /* 31 bytes, and room for the '\0' */
  if (received < 0) {
    perror("recv");
    return 1;
  }
  answer[received] = '\0';
  printf("%s\n", answer);
  close(fd);
  return 0;
}
