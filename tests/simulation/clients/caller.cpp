// SPDX-License-Identifier: MIT
#include "tests/simulation/clients/caller.h"

#include <fmt/format.h>

#include <array>

namespace simulation {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

}  // namespace

Caller::Caller(World& world, const ClientPlan& plan)
    : world_(world),
      plan_(plan),
      random_(Random::branch(world.script.seed, 1000 + static_cast<std::uint64_t>(plan.number))) {}

std::string Caller::name() const {
  return fmt::format("client {} ({})", plan_.number, plan_.persona);
}

// --- connecting ----------------------------------------------------------------------------------

void Caller::schedule() {
  world_.kernel.timeline.after(milliseconds(plan_.arrives), [this] { arrive(); });
}

Link Caller::make_link() {
  constexpr std::size_t kCapacities[] = {4096, 16u << 10, 64u << 10, 256u << 10};
  constexpr std::size_t kSegments[] = {50, 536, 1460, 1460, 16u << 10};
  constexpr microseconds kLatencies[] = {microseconds(10), microseconds(60), microseconds(2'000),
                                         microseconds(40'000)};
  Link link;
  link.latency = random_.pick(kLatencies);
  link.jitter = link.latency / 2;
  link.send_capacity = random_.pick(kCapacities);
  link.receive_capacity = random_.pick(kCapacities);
  link.segment = random_.pick(kSegments);
  return link;
}

void Caller::dial(std::uint32_t ip, std::uint16_t port, const Link& here) {
  Link there = make_link();
  daemons_room_ = there.receive_capacity;
  there.latency = here.latency;
  there.jitter = here.jitter;
  const auto own_port = static_cast<std::uint16_t>(10'000 + plan_.number);
  end_ = world_.kernel.network.dial(Address::ipv4(0x7f000001u, port), Address::ipv4(ip, own_port),
                                    here, there);
}

void Caller::on_wake(std::uint32_t /*events*/) {
  look_later();
}

/// Another program: it never runs within the daemon's system calls.
void Caller::look_later() {
  if (will_look_) return;
  will_look_ = true;
  world_.kernel.timeline.after(microseconds(random_.between(1, 60)), [this] {
    will_look_ = false;
    look();
  });
}

void Caller::look() {
  if (state_ == State::away || state_ == State::ended || has_closed_) return;
  const std::uint32_t events = end_->poll();
  if (state_ == State::connecting) {
    const bool is_refused = end_->error() == ECONNREFUSED || end_->error() == ETIMEDOUT;
    if (is_refused) return on_end(true);
    if ((events & EPOLLOUT) == 0) return;
    state_ = State::connected;
    last_moved_ = world_.now();
    on_connected();
    go_on();
  }
  flush();
  read();
}

// --- bytes ---------------------------------------------------------------------------------------

void Caller::put(std::size_t bytes) {
  const std::size_t n = std::min(bytes, unsent_.size());
  outgoing_.append(unsent_, 0, n);
  unsent_.erase(0, n);
  on_put();
  flush();
}

void Caller::flush() {
  while (!outgoing_.empty()) {
    const long n = end_->send(outgoing_);
    if (n < 0 && n != -EAGAIN) was_reset_ = true;  // told once, be it here
    if (n <= 0) return;
    outgoing_.erase(0, static_cast<std::size_t>(n));
    on_handed(static_cast<std::size_t>(n));
  }
  if (has_finished_ && !has_sent_fin_ && !end_->is_dead()) {
    has_sent_fin_ = true;  // shutdown(2) wakes its own side each time
    (void)end_->finish_sending();
  }
}

void Caller::read() {
  if (reading_ != Reading::all || state_ != State::connected) {
    if (end_->is_dead() && end_->error() != 0) on_end(true);
    return;
  }
  std::array<char, 16u << 10> chunk;
  while (state_ == State::connected && !has_closed_) {
    const long n = end_->receive(chunk.data(), chunk.size());
    if (n == -EAGAIN) break;
    if (n <= 0) {
      parse();
      return on_end(n < 0);
    }
    received_.append(chunk.data(), static_cast<std::size_t>(n));
    last_moved_ = world_.now();
    world_.kernel.trace.bytes(world_.now(), name(), {chunk.data(), static_cast<std::size_t>(n)});
  }
  parse();
}

void Caller::read_some() {
  if (reading_ != Reading::slowly || state_ != State::connected || has_closed_) return;
  std::string chunk(static_cast<std::size_t>(read_bytes_), '\0');
  const long n = end_->receive(chunk.data(), chunk.size());
  if (n == 0 || (n < 0 && n != -EAGAIN)) return on_end(n < 0);
  if (n > 0) {
    received_.append(chunk, 0, static_cast<std::size_t>(n));
    world_.kernel.trace.bytes(world_.now(), name(), chunk.substr(0, static_cast<std::size_t>(n)));
    parse();
  }
  world_.kernel.timeline.after(milliseconds(10), [this] { read_some(); });
}

void Caller::close(bool is_reset) {
  has_closed_ = true;
  end_->close(is_reset);
  on_end(is_reset);
}

}  // namespace simulation
