// SPDX-License-Identifier: MIT
// TLS on a connection that was just made, for who waits for it: whom to trust, what to show, and in
// words for people why it failed. Knows no request.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "daemon/net/handshake.h"
#include "tools/reactor-cli/net/endpoint.h"

namespace reactord::cli {

/// What the command line says beside the address.
struct TlsFiles {
  std::string ca = {};           ///< PEM; empty: the authorities of the system
  std::string certificate = {};  ///< PEM; empty: none is shown
  std::string key = {};          ///< PEM; empty: it stands in the certificate's file
  std::string server_name = {};  ///< as the server's certificate has it; empty: as it was named
};

struct TlsContextResult {
  std::shared_ptr<const HandshakeContext> context;  ///< null: see problem
  std::string problem;
};

/// What is shaken hands with at `endpoint`.
[[nodiscard]] TlsContextResult tls_context_for(const Endpoint& endpoint, const TlsFiles& files);

/// Goes on with it until it is done or the time is over; the problem, or "".
[[nodiscard]] std::string finish_handshake(Handshake& handshake,
                                           std::chrono::steady_clock::time_point deadline);

/// What to do about a handshake that failed for this reason, or "".
[[nodiscard]] std::string tls_failure(const Endpoint& endpoint, const std::string& problem);

}  // namespace reactord::cli
