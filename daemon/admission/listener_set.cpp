// SPDX-License-Identifier: MIT
// How prepared listeners come into force, and what is told to all of them while they are. How they
// are prepared is in listener_set_preparing.cpp.
#include "daemon/admission/listener_set.h"

#include <algorithm>
#include <utility>

namespace reactord {

std::string ListenerSet::start(const Config& config, std::vector<PassedSocket> passed,
                               std::vector<UniqueFd> inherited) {
  passed_ = std::move(passed);
  inherited_ = std::move(inherited);
  if (std::string problem = prepare(config); !problem.empty()) return problem;
  commit(config);
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
  retire(listener->shared_rules());
  events_.record(Event::not_listening, {{"address", listener->address().to_string()},
                                        {"listener", listener->rules().name}});
}

void ListenerSet::take_over_staged() noexcept {
  settings_of_.clear();
  for (Staged& staged : staged_) {
    settings_of_.push_back(staged.settings);
    if (staged.kept == nullptr) {
      next_.push_back(std::move(staged.opened));
      continue;
    }
    const auto owner = std::find_if(listeners_.begin(), listeners_.end(),
                                    [&](const auto& each) { return each.get() == staged.kept; });
    next_.push_back(std::move(*owner));
  }
  listeners_.swap(next_);
  next_.clear();
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

void ListenerSet::end_rest() noexcept {
  for (const auto& listener : leaving_) listener->end_rest();
  for (const auto& listener : listeners_) listener->end_rest();
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
