// SPDX-License-Identifier: MIT
// The stage in which a listener's peer tells by a PROXY header for whom it connects. Takes the
// header out of the socket, and not one byte more: what follows is TLS or a request. Whether the
// peer may send one was judged before.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "daemon/admission/stages/stage.h"
#include "daemon/net/socket_address.h"
#include "protocol/proxy/proxy_header.h"

namespace reactord {

class ProxyStage {
 public:
  /// In messages: "no whole PROXY header".
  static constexpr std::string_view kWhole = "PROXY header";

  [[nodiscard]] StageStep step(int fd);

  // --- once it is done ---
  /// Who the client is; none where that is the peer.
  [[nodiscard]] std::optional<SocketAddress> client() const;
  /// The peer speaks for itself.
  [[nodiscard]] bool is_local() const { return parser_.is_local(); }

 private:
  ProxyHeaderParser parser_;
};

}  // namespace reactord
