// SPDX-License-Identifier: MIT
// Listening sockets for tests.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>

#include "daemon/net/listening_socket.h"
#include "tests/unit/support/sockets.h"

namespace reactord::test {

inline ListenResult listen_on(const SocketAddress& address) {
  return open_listening_socket(address, {});
}

/// One that must work.
inline UniqueFd must_listen_on(const SocketAddress& address) {
  ListenResult result = listen_on(address);
  REQUIRE_MESSAGE(result.status == ListenStatus::ok, result.problem);
  CHECK(result.problem.empty());
  return std::move(result.fd);
}

inline AcceptResult accept_next(int listening) {
  REQUIRE(wait_for(listening, POLLIN));
  return accept_connection(listening);
}

inline bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace reactord::test
