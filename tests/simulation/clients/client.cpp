// SPDX-License-Identifier: MIT
#include "tests/simulation/clients/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "tests/simulation/model/verdict.h"
#include "tests/simulation/script/listeners.h"

namespace simulation {

namespace {

using std::chrono::milliseconds;

struct Place {
  std::string_view name;
  std::uint16_t port;  ///< 0: the Unix socket
  Dialogue::Framing framing;
};

constexpr Place kPlaces[] = {
    {"commands", 12345, Dialogue::Framing::command},
    {"unix", 0, Dialogue::Framing::command},
    {"lines", 12346, Dialogue::Framing::line},
    {"chunks", 12347, Dialogue::Framing::raw},
    {"admin", 12348, Dialogue::Framing::command},
    {"login", kLoginPort, Dialogue::Framing::command},
    {"proxied", kProxiedPort, Dialogue::Framing::command},
};

const Place& place_of(const std::string& listener) {
  const auto* const found =
      std::find_if(std::begin(kPlaces), std::end(kPlaces),
                   [&](const Place& place) { return place.name == listener; });
  if (found == std::end(kPlaces)) fail("script", fmt::format("no listener '{}'", listener));
  return *found;
}

/// The one listener that a [[limit]] of a script is about (seeds.cpp).
bool is_limited(const std::string& listener) {
  return listener == "commands" || listener == "unix";
}

}  // namespace

Client::Client(World& world, const ClientPlan& plan)
    : Caller(world, plan),
      dialogue_(place_of(plan.listener).framing, world.rules.is_text_for_operators ? "@" : "=",
                plan.listener == "login"),
      is_unix_(place_of(plan.listener).port == 0),
      is_admin_(plan.listener == "admin"),
      must_log_in_(plan.listener == "login"),
      is_proxied_(plan.listener == "proxied"),
      beyond_limit_(is_limited(plan.listener) ? world.rules.beyond_limit : BeyondLimit::nothing) {}

void Client::arrive() {
  const Place& place = place_of(plan_.listener);
  Link here = make_link();
  here.is_unix = is_unix_;
  state_ = State::connecting;
  if (is_unix_) {
    daemons_room_ = here.receive_capacity;
    const int error =
        world_.kernel.network.dial_unix(Address::unix_path("/run/reactord.sock"), here, end_);
    if (error == EAGAIN)
      return world_.kernel.timeline.after(milliseconds(100), [this] { arrive(); });
    if (error != 0) return on_end(true);
  } else {
    // Some share an address: limits count by it.
    ip_ = is_admin_ ? 0x7f000001u : 0x7f000100u + static_cast<std::uint32_t>(plan_.number) % 5;
    int& most = world_.most_from_address[ip_];
    most = std::max(most, ++world_.from_address[ip_]);
    dial(ip_, place.port, here);
  }
  // The daemon may know of it before it hears of that.
  if (!is_admin_) world_.most_clients = std::max(world_.most_clients, ++world_.clients_that_came);
  end_->set_owner(this);
  look_later();
}

void Client::on_connected() {
  connected_at_ = nobody_since_ = last_heard_ = world_.now();
}

}  // namespace simulation
