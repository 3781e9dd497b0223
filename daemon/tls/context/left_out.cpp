// SPDX-License-Identifier: MIT
// In place of the room where a build does without it.
#include "daemon/tls/context/tls_client.h"
#include "daemon/tls/context/tls_context.h"

namespace reactord {

LoadedTls load_tls_client(const TlsClientSettings&) {
  return {nullptr, {"this program was built without TLS (REACTORD_TLS=OFF): take one that has it"}};
}

LoadedTls load_tls(const TlsSettings&) {
  return {nullptr,
          {"this reactord was built without TLS (REACTORD_TLS=OFF): take one that has it, or leave "
           "[listener.tls] out and let a proxy end TLS"}};
}

}  // namespace reactord
