// SPDX-License-Identifier: MIT
// TLS on a client's side, for the programs that talk to servers: whom to trust, and what to show.
// The server's certificate is always checked, and its name with it.
#pragma once

#include <string>

#include "daemon/tls/context/tls_context.h"

namespace reactord {

struct TlsClientSettings {
  std::string server = {};       ///< a host name or an address, as its certificate has to name it
  std::string ca_file = {};      ///< PEM; empty: the authorities of the system
  std::string certificate = {};  ///< PEM; empty: none is shown
  std::string key = {};          ///< PEM; empty: it stands in the certificate's file
};

/// What a program shakes hands with, with that server alone.
[[nodiscard]] LoadedTls load_tls_client(const TlsClientSettings& settings);

}  // namespace reactord
