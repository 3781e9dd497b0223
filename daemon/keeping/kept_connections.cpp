// SPDX-License-Identifier: MIT
#include "daemon/keeping/kept_connections.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <utility>

#include "daemon/keeping/socket_cookie.h"
#include "daemon/reactor/out_of_memory.h"

namespace reactord {

namespace {

/// More than a configuration can allow, of clients and administrators together. What is never used
/// costs addresses, and no memory.
constexpr std::uint32_t kSlots = 2u << 20;

/// A look at each, some nanoseconds; and in the same turn a message of them, some 100 microseconds.
constexpr std::uint32_t kSlotsPerTurn = 4096;
/// Messages with few that live become one.
constexpr std::size_t kThinnedPerTurn = 64;
/// Fewer are not worth a turn.
constexpr std::size_t kMinStale = 64;
/// Whoever has ended, and never said FIN itself, costs the kernel memory until then, and a message
/// with few in it a place in the queue.
constexpr std::uint32_t kMaxRounds = 60;

constexpr std::chrono::seconds kMinAge{1};

std::chrono::seconds seconds_of(TimePoint time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch());
}

/// As Stream::reset_on_close() has left it: what it has not taken must not look like the whole.
bool ends_by_reset(int fd) noexcept {
  linger how{};
  socklen_t size = sizeof how;
  return ::getsockopt(fd, SOL_SOCKET, SO_LINGER, &how, &size) == 0 && how.l_onoff != 0;
}

}  // namespace

std::string KeptConnections::start() {
  std::string problem = table_.open(kSlots);
  if (problem.empty()) problem = queue_.open();
  if (!problem.empty()) return problem;
  set_notes(table_.notes());
  loop_context_.notes = this;
  return {};
}

void KeptConnections::stop() noexcept {
  if (is_on()) loop_context_.notes = nullptr;
  queue_.close();
  table_.close();
  messages_.clear();
  kept_ = waiting_ = to_thin_ = 0;
  is_looking_ = false;
}

// --- who is kept

void KeptConnections::look() noexcept {
  if (!is_on()) return;
  table_.set_last_client_id(connections_.opened());
  next_slot_ = 0;
  is_looking_ = kept_ < connections_.used().clients + connections_.used().admins;
  const std::size_t full_messages = 1 + kept_ / KeptQueue::kMaxSockets;
  const bool is_worth_it = waiting_ > kept_ || messages_.size() > 2 * full_messages;
  if (++rounds_ >= kMaxRounds && is_worth_it) thin();
}

void KeptConnections::go_on() {
  if (to_thin_ > 0)
    thin_some();
  else if (is_looking_)
    keep_some();
}

void KeptConnections::keep_some() {
  Members members;
  members.reserve(KeptQueue::kMaxSockets);
  is_kept_.resize(std::max(is_kept_.size(), std::size_t{connections_.slots_used()}));
  std::uint32_t looks = 0;
  for (; looks < kSlotsPerTurn && members.size() < KeptQueue::kMaxSockets; ++looks) {
    is_looking_ = next_slot_ < connections_.slots_used();
    if (!is_looking_) break;
    Connection* const connection =
        is_kept_[next_slot_] ? nullptr : connections_.at_slot(next_slot_);
    ++next_slot_;
    if (connection == nullptr || !is_to_be_kept(*connection)) continue;
    ConnectionNotes::put(connection->id(), connection->standing());
    if (note(*connection)) members.push_back(connection->id());
  }
  if (members.empty()) return;
  bool is_put = false;
  if (!has_memory_for([&] { is_put = put(members); })) errno = ENOMEM;
  if (is_put) return;
  const int problem = errno;
  give_up(members);
  is_looking_ = false;
  // Those who have ended make room: the next round finds it.
  if (waiting_ > kept_)
    thin();
  else
    tell_full(problem);
}

bool KeptConnections::is_to_be_kept(const Connection& connection) const noexcept {
  return connection.age() >= kMinAge && !connection.is_closed() &&
         connection.movable() != Connection::Movable::never;
}

/// False where its socket, or what it has, cannot be noted.
bool KeptConnections::note(Connection& connection) noexcept {
  const auto slot = static_cast<std::uint32_t>(connection.id());
  const std::uint64_t cookie = socket_cookie(connection.stream().fd());
  of(connection.id()).traits = connection.traits();
  (void)connection.session().take_change();
  bool is_noted = false;
  (void)has_memory_for([&] {
    is_noted =
        cookie != 0 && table_.put(slot, cookie, connection.save_at_rest(), seconds_of(loop_.now()));
  });
  if (!is_noted) table_.clear(slot);
  return is_noted;
}

/// One message. In the table they are already: whoever is there and not in the queue is nobody.
bool KeptConnections::put(const Members& members) {
  std::vector<int> fds{table_.memory().fd()};
  fds.reserve(members.size() + 1);
  for (const SlotId id : members) fds.push_back(connections_.find(id)->stream().fd());
  messages_.push_back(members);
  if (!queue_.put(fds)) {
    messages_.pop_back();
    return false;
  }
  waiting_ += members.size();
  for (const SlotId id : members) set_kept(id, true);
  return true;
}

void KeptConnections::drop_oldest() noexcept {
  (void)queue_.drop_oldest();
  waiting_ -= messages_.front().size();
  messages_.pop_front();
}

/// They are in no message: on their sockets nothing depends but they themselves.
void KeptConnections::give_up(const Members& members) noexcept {
  for (const SlotId id : members) {
    table_.clear(static_cast<std::uint32_t>(id));
    set_kept(id, false);
  }
}

void KeptConnections::tell_full(int error) {
  if (std::exchange(has_told_full_, true)) return;
  events_.record(Event::kept_full,
                 {{"count", std::to_string(kept_)}, {"problem", std::strerror(error)}});
}

bool KeptConnections::is_kept(SlotId id) const noexcept {
  const auto slot = static_cast<std::uint32_t>(id);
  return slot < is_kept_.size() && is_kept_[slot] && connections_.find(id) != nullptr;
}

void KeptConnections::set_kept(SlotId id, bool is_kept) noexcept {
  const auto slot = static_cast<std::uint32_t>(id);
  if (is_kept_[slot] == is_kept) return;
  is_kept_[slot] = is_kept;
  is_kept ? ++kept_ : --kept_;
}

// --- what changes

/// Who cannot be noted as it is now is nobody, until it can.
void KeptConnections::rewrite(Connection& connection) noexcept {
  if (is_kept(connection.id()))
    (void)note(connection);
  else
    of(connection.id()).traits = connection.traits();
}

/// The loop would be told of a socket for as long as it is open anywhere (epoll(7)).
void KeptConnections::forget(Connection& connection) noexcept {
  const SlotId id = connection.id();
  of(id) = {};
  if (!is_kept(id)) return;
  table_.clear(static_cast<std::uint32_t>(id));
  set_kept(id, false);
  const int fd = connection.stream().fd();
  loop_.forget(fd);
  const bool is_reset = ends_by_reset(fd);
  if (!is_reset) (void)::shutdown(fd, SHUT_RDWR);
  const std::size_t stale = waiting_ - kept_;
  if (is_reset || (to_thin_ == 0 && stale >= kMinStale && stale > kept_)) thin();
}

// --- thinning

/// Who lives is put behind the others before the old message goes: so there is no moment in which
/// nobody has it. Where there is no room for both, it is the other way round.
void KeptConnections::thin_some() {
  Members living;
  living.reserve(KeptQueue::kMaxSockets);
  std::size_t thinned = 0;
  for (; thinned < std::min(to_thin_, kThinnedPerTurn); ++thinned) {
    const Members& members = messages_[thinned];
    const auto count = std::ranges::count_if(members, [this](SlotId id) { return is_kept(id); });
    if (living.size() + static_cast<std::size_t>(count) > KeptQueue::kMaxSockets) break;
    std::ranges::copy_if(members, std::back_inserter(living),
                         [this](SlotId id) { return is_kept(id); });
  }
  bool is_put = living.empty() || put(living);
  for (std::size_t i = 0; i < thinned; ++i) drop_oldest();
  if (!is_put) (void)has_memory_for([&] { is_put = put(living); });
  if (!is_put) give_up(living);
  to_thin_ -= thinned;
  rounds_ = 0;
}

}  // namespace reactord
