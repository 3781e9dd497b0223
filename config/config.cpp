// SPDX-License-Identifier: MIT
#include "config/config.h"

namespace reactord {

ListenerSettings default_listener() {
  Endpoint ipv4{.kind = Endpoint::Kind::ipv4, .ip = {127, 0, 0, 1}, .port = 12345, .path = {}};
  Endpoint ipv6{.kind = Endpoint::Kind::ipv6, .ip = {}, .port = 12345, .path = {}};
  ipv6.ip.back() = 1;
  ListenerSettings listener;
  listener.name = "default";
  listener.addresses = {ipv4, ipv6};
  return listener;
}

Config default_config(std::span<const HandlerTableSpec> handlers) {
  Config config;
  config.listeners.push_back(default_listener());
  for (const HandlerTableSpec& handler : handlers) {
    config.handlers.emplace(handler.name, handler.make());
  }
  return config;
}

}  // namespace reactord
