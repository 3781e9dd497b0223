// SPDX-License-Identifier: MIT
// How the listeners of a configuration to come are found among those that are bound, passed and
// inherited, and what is missing is opened. Nobody is served otherwise for it: commit() does that.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "daemon/admission/listener_set.h"
#include "daemon/admission/socket_opening.h"

namespace reactord {

namespace {

constexpr const char* kNoAddressLeft =
    "no address is left to listen on; is the loopback interface up? (ip link set lo up)";

/// With port 0 each socket has a port of its own, which only the listener's name leads to.
bool is_known_by_name(const Endpoint& endpoint) {
  return endpoint.kind != Endpoint::Kind::unix_path && endpoint.port == 0;
}

bool has_passed_place(const ListenerSettings& settings) {
  return std::any_of(settings.addresses.begin(), settings.addresses.end(),
                     [](const Endpoint& at) { return at.kind == Endpoint::Kind::systemd; });
}

}  // namespace

std::string ListenerSet::prepare(const Config& config) {
  discard();  // what was left by one that ended for want of memory
  std::string problem = stage(config);
  if (problem.empty()) problem = check_left_over(config);
  if (problem.empty()) problem = open_missing(config);
  if (problem.empty()) problem = change_files(config);
  if (problem.empty())
    make_room_to_commit();
  else
    discard();
  return problem;
}

/// No listener gets lost between the old order and the new one, nor the rules of one that leaves.
void ListenerSet::make_room_to_commit() {
  next_.reserve(staged_.size());
  settings_of_.reserve(staged_.size());
  leaving_.reserve(leaving_.size() + listeners_.size());
  retired_.reserve(retired_.size() + leaving_.size() + listeners_.size() + staged_.size());
}

void ListenerSet::discard() {
  for (const auto& [listener, before] : changed_files_) (void)listener->change_file(before);
  changed_files_.clear();
  staged_.clear();
}

/// Finds what is bound already.
std::string ListenerSet::stage(const Config& config) {
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    const ListenerSettings& settings = config.listeners[i];
    for (const Endpoint& endpoint : settings.addresses) {
      if (endpoint.kind != Endpoint::Kind::systemd)
        staged_.push_back({i, endpoint, find_bound(endpoint, settings.name)});
      else if (std::string problem = stage_passed(i, config); !problem.empty())
        return problem;
    }
  }
  return {};
}

/// All sockets that were passed under the listener's name, at start or before a reload.
std::string ListenerSet::stage_passed(std::size_t index, const Config& config) {
  const ListenerSettings& settings = config.listeners[index];
  const Endpoint passed{.kind = Endpoint::Kind::systemd, .path = {}};
  const std::size_t before = staged_.size();
  for (const auto& listener : listeners_) {
    if (listener->place().passed_name != settings.name || !listener->place().is_adopted()) continue;
    if (std::string problem = check_passed(listener->fd(), settings); !problem.empty())
      return problem;
    staged_.push_back({index, passed, listener.get()});
  }
  for (PassedSocket& socket : passed_) {
    if (!socket.fd || socket.name != settings.name) continue;
    if (std::string problem = check_passed(socket.fd.get(), settings); !problem.empty())
      return problem;
    Staged& staged = staged_.emplace_back(Staged{index, passed});
    if (std::string problem =
            adopt(std::move(socket.fd), {passed, socket.name}, settings, staged.opened);
        !problem.empty())
      return problem;
  }
  return staged_.size() > before ? "" : no_socket_passed(settings);
}

/// A passed socket that nobody accepts from would leave its clients waiting for ever.
std::string ListenerSet::check_left_over(const Config& config) const {
  const auto is_wanted = [&](const std::string& name) {
    return std::any_of(config.listeners.begin(), config.listeners.end(), [&](const auto& each) {
      return each.name == name && has_passed_place(each);
    });
  };
  for (const PassedSocket& left : passed_)
    if (left.fd) return nobody_wants_passed(left.name);
  for (const auto& listener : listeners_)
    if (listener->place().is_adopted() && !is_wanted(listener->place().passed_name))
      return nobody_wants_passed(listener->place().passed_name);
  return {};
}

Listener* ListenerSet::find_bound(const Endpoint& endpoint, const std::string& name) const {
  for (const auto& listener : listeners_) {
    if (!(listener->place().endpoint == endpoint) || is_kept(*listener)) continue;
    if (!is_known_by_name(endpoint) || listener->rules().name == name) return listener.get();
  }
  return nullptr;
}

bool ListenerSet::is_kept(const Listener& listener) const {
  return std::any_of(staged_.begin(), staged_.end(),
                     [&](const Staged& staged) { return staged.kept == &listener; });
}

/// A port of all addresses and one of a single address exclude each other: without this neither
/// could take the other's place before the old one is closed, and no reload could be refused then.
void ListenerSet::let_leaving_share(bool may_share) const {
  for (const auto& listener : listeners_)
    if (listener->address().is_ip() && !is_kept(*listener)) let_share(listener->fd(), may_share);
}

std::string ListenerSet::open_missing(const Config& config) {
  std::string problem;
  let_leaving_share(true);
  for (Staged& staged : staged_)
    if (problem.empty() && staged.listener() == nullptr)
      problem = open(staged, config.listeners[staged.settings]);
  let_leaving_share(false);
  std::erase_if(staged_, [](const Staged& staged) { return staged.listener() == nullptr; });
  if (problem.empty() && staged_.empty()) problem = kNoAddressLeft;
  return problem;
}

std::string ListenerSet::open(Staged& staged, const ListenerSettings& settings) {
  const bool is_beside_ours =
      std::any_of(listeners_.begin(), listeners_.end(), [&](const auto& listener) {
        return !is_kept(*listener) && same_place(listener->place().endpoint, staged.endpoint);
      });
  if (UniqueFd inherited = take_inherited(staged.endpoint)) {
    if (std::string problem = renew_file(staged.endpoint, settings); !problem.empty())
      return problem;
    const std::string problem =
        adopt(std::move(inherited), {staged.endpoint, {}}, settings, staged.opened);
    if (staged.opened) staged.opened->set_lent(true);
    return problem;
  }
  ListenResult result = open_endpoint(staged.endpoint, settings, is_beside_ours);
  switch (result.status) {
    case ListenStatus::ok:
      return adopt(std::move(result.fd), {staged.endpoint, {}}, settings, staged.opened);
    case ListenStatus::failed:
      return result.problem;
    case ListenStatus::no_such_family:
      if (!may_be_left_out(staged.endpoint, settings)) return result.problem;
      events_.record(Event::listener_left_out,
                     {{"address", to_string(staged.endpoint)}, {"problem", result.problem}});
      return {};
  }
  return result.problem;
}

/// Who waits in its backlog is served. One whose file somebody has removed leads nobody here.
UniqueFd ListenerSet::take_inherited(const Endpoint& endpoint) {
  if (endpoint.kind == Endpoint::Kind::unix_path && ::access(endpoint.path.c_str(), F_OK) != 0)
    return {};
  const std::string wanted = socket_address(endpoint).to_string();
  for (UniqueFd& fd : inherited_)
    if (fd && SocketAddress::local_of(fd.get()).to_string() == wanted &&
        adopt_listening_socket(fd.get()).empty())
      return std::move(fd);
  return {};
}

/// Of a Unix socket that the process before has made: as today's settings want it.
std::string ListenerSet::renew_file(const Endpoint& endpoint, const ListenerSettings& settings) {
  if (endpoint.kind != Endpoint::Kind::unix_path) return {};
  UnixFileOptions wanted;
  if (std::string problem = unix_file_of(settings, wanted); !problem.empty()) return problem;
  return change_unix_file(socket_address(endpoint), wanted);
}

/// Where nobody listens any more the file would refuse everyone.
void ListenerSet::keep_inherited() {
  for (const auto& listener : listeners_) listener->set_lent(false);
  for (const UniqueFd& fd : std::exchange(inherited_, {})) {
    const SocketAddress address = fd ? SocketAddress::local_of(fd.get()) : SocketAddress();
    const bool is_ours = std::ranges::any_of(listeners_, [&](const auto& listener) {
      return listener->address().to_string() == address.to_string();
    });
    if (!address.path().empty() && !is_ours) ::unlink(address.path().c_str());
  }
}

std::string ListenerSet::adopt(UniqueFd fd, Listener::Place place, const ListenerSettings& settings,
                               std::unique_ptr<Listener>& listener) {
  const ListenerKind kind = kind_of(settings, commands_);
  if (kind.framing != Framing::command && kind.bound_command == nullptr)
    return fmt::format("the handler '{}' has no command", settings.handler);
  const Token token = next_token_++;
  if (const std::error_code error =
          loop_.watch(fd.get(), token, kind.is_admin ? Priority::urgent : Priority::normal))
    return fmt::format("cannot watch the socket of {}: {}", to_string(place.endpoint),
                       error.message());
  const std::string wanted = to_string(place.endpoint);
  listener = std::make_unique<Listener>(token, std::move(fd), std::move(place),
                                        make_rules(kind, loop_context_), loop_, arrivals_, events_);
  // Its rules, and those of whoever comes in by it, are known by the address.
  if (!listener->address().is_known()) {
    listener.reset();
    return fmt::format("cannot find out at which address the socket of {} is (getsockname)",
                       wanted);
  }
  return {};
}

/// Of Unix sockets that stay: the one step of preparing that shows.
std::string ListenerSet::change_files(const Config& config) {
  for (const Staged& staged : staged_) {
    if (staged.kept == nullptr || staged.endpoint.kind != Endpoint::Kind::unix_path) continue;
    UnixFileOptions wanted;
    if (std::string problem = unix_file_of(config.listeners[staged.settings], wanted);
        !problem.empty())
      return problem;
    const std::optional<UnixFileOptions> before = staged.kept->file();
    if (!before) continue;
    if (std::string problem = staged.kept->change_file(wanted); !problem.empty()) return problem;
    changed_files_.emplace_back(staged.kept, *before);
  }
  return {};
}

}  // namespace reactord
