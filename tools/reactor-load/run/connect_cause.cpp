// SPDX-License-Identifier: MIT
#include "tools/reactor-load/run/connect_cause.h"

#include <cerrno>
#include <cstring>

namespace reactord::load {

std::string connect_cause(int error) {
  switch (error) {
    case ECONNREFUSED:
      return "connection refused: nobody listens there";
    case EADDRNOTAVAIL:
      return "address not available: this machine's ports to the server are used up, also by "
             "connections in TIME_WAIT; wait a minute, or use fewer clients or a Unix socket";
    case ETIMEDOUT:
      return "timed out: the server did not accept the connection in time";
    case EAGAIN:
      return "refused: the Unix socket's queue of connections (backlog) is full";
    default:
      return std::strerror(error);
  }
}

}  // namespace reactord::load
