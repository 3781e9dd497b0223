// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/net/resolve.h"

#include <fmt/format.h>

#include "daemon/net/name_lookup.h"

namespace reactord::cli {

Resolved resolve(const Endpoint& endpoint) {
  if (!endpoint.path.empty()) return {{SocketAddress::unix_path(endpoint.path)}, ""};
  FoundAddresses found = look_up_name(endpoint.host, endpoint.port);
  if (found.problem.empty()) return {std::move(found.addresses), ""};
  return {{},
          fmt::format("cannot find the address of '{}': {}; check its spelling, or give an IP "
                      "address with --host",
                      endpoint.host, found.problem)};
}

}  // namespace reactord::cli
