/* SPDX-License-Identifier: MIT
 *
 * The server that a course on sockets begins with: it accepts once, receives once, lets the person
 * at its terminal type one line, sends that, and closes. What it did not receive is left unread,
 * and a close with unread input is a reset (RFC 1122, 4.2.2.13). It is here to be talked to, not to
 * be imitated.
 *
 *   first_server ADDRESS PORT
 */
#define _POSIX_C_SOURCE 200112L

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char** argv) {
  struct addrinfo hints, *here;
  char message[33], line[256];
  ssize_t received;
  int listener, client, on = 1;

  if (argc != 3) {
    fprintf(stderr, "usage: %s ADDRESS PORT\n", argv[0]);
    return 2;
  }
  memset(&hints, 0, sizeof hints);
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  if (getaddrinfo(argv[1], argv[2], &hints, &here) != 0) {
    fprintf(stderr, "no such address\n");
    return 1;
  }
  listener = socket(here->ai_family, here->ai_socktype, here->ai_protocol);
  if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
      bind(listener, here->ai_addr, here->ai_addrlen) < 0 || listen(listener, 1) < 0) {
    perror("listen");
    return 1;
  }
  freeaddrinfo(here);
  printf("waiting for a client\n");
  fflush(stdout);

  client = accept(listener, NULL, NULL);
  if (client < 0) {
    perror("accept");
    return 1;
  }
  received = recv(client, message, sizeof message - 1, 0); /* 32 bytes, and room for the '\0' */
  if (received < 0) {
    perror("recv");
    return 1;
  }
  message[received] = '\0';
  printf("%s\n", message);
  fflush(stdout);

  if (fgets(line, sizeof line, stdin) != NULL) { /* what the person types */
    if (send(client, line, strlen(line), 0) < 0) perror("send");
  }
  close(client);
  close(listener);
  return 0;
}
