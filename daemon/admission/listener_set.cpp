// SPDX-License-Identifier: MIT
#include "daemon/admission/listener_set.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

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

std::string ListenerSet::start(const Config& config, std::vector<PassedSocket> passed,
                               std::vector<UniqueFd> inherited) {
  passed_ = std::move(passed);
  inherited_ = std::move(inherited);
  if (std::string problem = prepare(config); !problem.empty()) return problem;
  commit(config);
  drop_unwanted_inheritance();
  return {};
}

// --- prepare

std::string ListenerSet::prepare(const Config& config) {
  std::string problem = stage(config);
  if (problem.empty()) problem = check_left_over(config);
  if (problem.empty()) problem = open_missing(config);
  if (problem.empty()) problem = change_files(config);
  if (!problem.empty()) discard();
  return problem;
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
    return adopt(std::move(inherited), {staged.endpoint, {}}, settings, staged.opened);
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

/// Nobody listens on it any more: its file would refuse everyone.
void ListenerSet::drop_unwanted_inheritance() {
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
    return "epoll_ctl: " + error.message();
  listener = std::make_unique<Listener>(token, std::move(fd), std::move(place),
                                        make_rules(kind, loop_context_), loop_, arrivals_, events_);
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

// --- commit

void ListenerSet::commit(const Config& config) {
  changed_files_.clear();
  close_leaving();
  take_over_staged();
  for (std::size_t i = 0; i < listeners_.size(); ++i) {
    tune_listening_socket(listeners_[i]->fd(), config.deadlines.write_stall);
    if (!listeners_[i]->place().is_adopted())
      set_backlog(listeners_[i]->fd(), static_cast<int>(config.listeners[settings_of_[i]].backlog));
  }
  apply_rules(config);
  on_room();  // nobody waits any more, perhaps
  for (const auto& listener : listeners_) warn_if_open_to_all(*listener);
}

/// As at the stop: who has connected already is taken in. Most have nobody waiting, and are closed
/// before anybody hears that the reload is over.
void ListenerSet::close_leaving() {
  for (auto& listener : listeners_)
    if (!is_kept(*listener)) leaving_.push_back(std::move(listener));
  std::erase(listeners_, nullptr);
  for (std::size_t left = leaving_.size(); left > 0; --left) let_leave();
}

void ListenerSet::let_leave() {
  std::unique_ptr<Listener> listener = std::move(leaving_.front());
  leaving_.erase(leaving_.begin());
  if (!listener->stop_some()) return leaving_.push_back(std::move(listener));
  events_.record(Event::not_listening, {{"address", listener->address().to_string()},
                                        {"listener", listener->rules().name}});
  retire(listener->shared_rules());
}

void ListenerSet::take_over_staged() {
  std::vector<std::unique_ptr<Listener>> next;
  settings_of_.clear();
  for (Staged& staged : staged_) {
    settings_of_.push_back(staged.settings);
    if (staged.kept == nullptr) {
      next.push_back(std::move(staged.opened));
      continue;
    }
    const auto owner = std::find_if(listeners_.begin(), listeners_.end(),
                                    [&](const auto& each) { return each.get() == staged.kept; });
    next.push_back(std::move(*owner));
  }
  listeners_ = std::move(next);
  staged_.clear();
}

void ListenerSet::apply_rules(const Config& config) {
  limits_.apply(config.limit_rules);
  std::vector<bool> is_local(config.listeners.size(), true);
  for (std::size_t i = 0; i < listeners_.size(); ++i)
    if (!listeners_[i]->address().is_local()) is_local[settings_of_[i]] = false;
  for (std::size_t i = 0; i < listeners_.size(); ++i) {
    Listener& listener = *listeners_[i];
    const ListenerSettings& settings = config.listeners[settings_of_[i]];
    const bool is_new = listener.rules().name.empty();
    change_kind(listener, kind_of(settings, commands_));
    apply_settings(listener.rules(), settings, config.server.when_full, is_local[settings_of_[i]]);
    listener.rules().set_limits(limits_.limits_of(settings));
    listener.rules().visitors = settings.role == ListenerRole::http ? &http_ : nullptr;
    for (const auto& rules : retired_)
      if (rules->address == listener.rules().address) {
        apply_settings(*rules, settings, config.server.when_full, is_local[settings_of_[i]]);
        rules->set_limits(limits_.limits_of(settings));
      }
    if (is_new)
      events_.record(Event::listening,
                     {{"address", listener.address().to_string()}, {"listener", settings.name}});
  }
  limits_.count_connections();
}

/// Connections keep the kind that they came in with: they are counted by it.
void ListenerSet::change_kind(Listener& listener, const ListenerKind& kind) {
  if (kind_of(listener.rules().policy) == kind) return;
  std::shared_ptr<ListenerRules> rules = make_rules(kind, loop_context_);
  rules->address = listener.rules().address;
  retire(listener.shared_rules());
  listener.set_rules(std::move(rules));
}

void ListenerSet::retire(std::shared_ptr<ListenerRules> rules) {
  if (rules->policy.connections > 0) retired_.push_back(std::move(rules));
}

void ListenerSet::warn_if_open_to_all(const Listener& listener) {
  const ListenerRules& rules = listener.rules();
  const bool asks_who = rules.proxy || rules.policy.requirement != Requirement::nothing;
  if (!listener.address().is_local() && rules.allow->empty() && !asks_who)
    events_.record(Event::listener_open_to_all, {{"address", listener.address().to_string()}});
}

// --- life

void ListenerSet::on_event(Token token, Readiness readiness) noexcept {
  // One that a reload has closed in this turn is not found.
  for (const auto& listener : listeners_)
    if (listener->token() == token) return listener->on_event(readiness);
}

void ListenerSet::on_room() noexcept {
  std::erase_if(retired_, [](const auto& rules) { return rules->policy.connections == 0; });
  for (const auto& listener : listeners_) listener->on_room();
}

void ListenerSet::close() noexcept {
  for (const auto& listener : leaving_) listener->close();
  for (const auto& listener : listeners_) listener->close();
}

void ListenerSet::rest() noexcept {
  for (const auto& listener : leaving_) listener->rest();
  for (const auto& listener : listeners_) listener->rest();
}

std::vector<int> ListenerSet::own_sockets() const {
  std::vector<int> fds;
  for (const auto& listener : listeners_)
    if (!listener->place().is_adopted() && listener->fd() >= 0) fds.push_back(listener->fd());
  return fds;
}

void ListenerSet::leave() noexcept {
  for (const auto& listener : listeners_) listener->leave();
}

bool ListenerSet::stop_some() noexcept {
  return std::all_of(listeners_.begin(), listeners_.end(),
                     [](const auto& listener) { return listener->stop_some(); });
}

const ListenerRules* ListenerSet::rules_for(const SavedConnection& saved) const {
  for (const auto& listener : listeners_) {
    const ListenerRules& rules = listener->rules();
    if (rules.name == saved.listener && rules.policy.framing == saved.framing &&
        rules.policy.is_admin == saved.is_admin && rules.visitors == nullptr)
      return &rules;
  }
  return nullptr;
}

std::uint16_t ListenerSet::tcp_port() const {
  for (const auto& listener : listeners_)
    if (listener->address().is_ip() && !listener->rules().policy.is_admin &&
        listener->rules().visitors == nullptr)
      return listener->address().port();
  return 0;
}

void ListenerSet::forget_old_keys() const {
  for (const auto& listener : listeners_)
    if (listener->rules().handshakes != nullptr) listener->rules().handshakes->forget_old_keys();
}

std::vector<HandshakeContext::Certificate> ListenerSet::certificates() const {
  std::vector<HandshakeContext::Certificate> all;
  for (const auto& listener : listeners_) {
    if (listener->rules().handshakes == nullptr) continue;
    const auto its_own = listener->rules().handshakes->certificates();
    all.insert(all.end(), its_own.begin(), its_own.end());
  }
  return all;
}

std::vector<SocketAddress> ListenerSet::addresses() const {
  std::vector<SocketAddress> addresses;
  for (const auto& listener : listeners_) addresses.push_back(listener->address());
  return addresses;
}

}  // namespace reactord
