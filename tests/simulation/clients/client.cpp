// SPDX-License-Identifier: MIT
#include "tests/simulation/clients/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "tests/simulation/model/verdict.h"

namespace simulation {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

struct Place {
  std::string_view name;
  std::uint16_t port;  ///< 0: the Unix socket
  Dialogue::Framing framing;
};

constexpr Place kPlaces[] = {
    {"commands", 12345, Dialogue::Framing::command}, {"unix", 0, Dialogue::Framing::command},
    {"lines", 12346, Dialogue::Framing::line},       {"chunks", 12347, Dialogue::Framing::raw},
    {"admin", 12348, Dialogue::Framing::command},
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
    : world_(world),
      plan_(plan),
      random_(Random::branch(world.script.seed, 1000 + static_cast<std::uint64_t>(plan.number))),
      dialogue_(place_of(plan.listener).framing, world.rules.is_text_for_operators ? "@" : "="),
      is_unix_(place_of(plan.listener).port == 0),
      is_admin_(plan.listener == "admin"),
      beyond_limit_(is_limited(plan.listener) ? world.rules.beyond_limit : BeyondLimit::nothing) {}

std::string Client::name() const {
  return fmt::format("client {} ({})", plan_.number, plan_.persona);
}

// --- connecting ----------------------------------------------------------------------------------

void Client::schedule() {
  world_.kernel.timeline.after(milliseconds(plan_.arrives), [this] { arrive(); });
}

Link Client::make_link() {
  constexpr std::size_t kCapacities[] = {4096, 16u << 10, 64u << 10, 256u << 10};
  constexpr std::size_t kSegments[] = {50, 536, 1460, 1460, 16u << 10};
  constexpr microseconds kLatencies[] = {microseconds(10), microseconds(60), microseconds(2'000),
                                         microseconds(40'000)};
  Link link;
  link.is_unix = is_unix_;
  link.latency = random_.pick(kLatencies);
  link.jitter = link.latency / 2;
  link.send_capacity = random_.pick(kCapacities);
  link.receive_capacity = random_.pick(kCapacities);
  link.segment = random_.pick(kSegments);
  return link;
}

void Client::arrive() {
  const Place& place = place_of(plan_.listener);
  const Link here = make_link();
  daemons_room_ = here.receive_capacity;
  state_ = State::connecting;
  if (is_unix_) {
    const int error =
        world_.kernel.network.dial_unix(Address::unix_path("/run/reactord.sock"), here, end_);
    if (error == EAGAIN)
      return world_.kernel.timeline.after(milliseconds(100), [this] { arrive(); });
    if (error != 0) return on_end(true);
  } else {
    Link there = make_link();
    daemons_room_ = there.receive_capacity;
    there.latency = here.latency;
    there.jitter = here.jitter;
    const auto number = static_cast<std::uint32_t>(plan_.number);
    // Some share an address: limits count by it.
    ip_ = is_admin_ ? 0x7f000001u : 0x7f000100u + number % 5;
    int& most = world_.most_from_address[ip_];
    most = std::max(most, ++world_.from_address[ip_]);
    end_ = world_.kernel.network.dial(
        Address::ipv4(0x7f000001u, place.port),
        Address::ipv4(ip_, static_cast<std::uint16_t>(10'000 + number)), here, there);
  }
  end_->set_owner(this);
  look_later();
}

void Client::on_connected() {
  state_ = State::connected;
  connected_at_ = last_heard_ = last_moved_ = world_.now();
  if (!is_admin_) world_.most_clients = std::max(world_.most_clients, ++world_.clients_connected);
  go_on();
}

void Client::on_wake(std::uint32_t /*events*/) {
  look_later();
}

/// Another program: it never runs within the daemon's system calls.
void Client::look_later() {
  if (will_look_) return;
  will_look_ = true;
  world_.kernel.timeline.after(microseconds(random_.between(1, 60)), [this] {
    will_look_ = false;
    look();
  });
}

void Client::look() {
  if (state_ == State::away || state_ == State::ended || has_closed_) return;
  const std::uint32_t events = end_->poll();
  if (state_ == State::connecting) {
    const bool is_refused = end_->error() == ECONNREFUSED || end_->error() == ETIMEDOUT;
    if (is_refused) return on_end(true);
    if ((events & EPOLLOUT) == 0) return;
    on_connected();
  }
  flush();
  read();
}

}  // namespace simulation
