// SPDX-License-Identifier: MIT
#include "daemon/users/users.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "config/users/user_tables.h"
#include "daemon/reactor/out_of_memory.h"

namespace reactord {

namespace {

std::vector<Requirement> required_of(const Config& config) {
  std::vector<Requirement> required;
  for (const ListenerSettings& listener : config.listeners) required.push_back(listener.require);
  return required;
}

bool is_required(const std::vector<Requirement>& required) {
  return std::any_of(required.begin(), required.end(),
                     [](Requirement each) { return each != Requirement::nothing; });
}

/// The bytes of a request, which are ours, and which nobody reads again.
class Wiper {
 public:
  explicit Wiper(std::string_view text) : text_(text) {}
  Wiper(const Wiper&) = delete;
  Wiper& operator=(const Wiper&) = delete;
  ~Wiper() { wipe(const_cast<char*>(text_.data()), text_.size()); }

 private:
  std::string_view text_;
};

bool has_same_passwords(const User& a, const User& b) {
  const auto is_same = [](const User::Hash& one, const User::Hash& other) {
    return *one == *other;
  };
  return std::ranges::equal(a.slow_hashes, b.slow_hashes, is_same) &&
         std::ranges::equal(a.tokens, b.tokens, is_same);
}

/// There is a command that `before` allowed, and `after` does not.
bool is_less(const Principal& after, const Principal& before) {
  for (std::size_t i = 0; i < before.commands.size(); ++i)
    if (before.commands[i] && !after.commands[i]) return true;
  return false;
}

/// Who needs no password has asked nothing yet, and hears why all the same.
void refuse(Connection& connection, const std::string& error) {
  (void)connection.push(
      [&](Buffer& out) { ReplyWriter(out, connection.push_encoding()).error(error); });
  connection.end(CloseReason::closed_limit, {}, error);
}

}  // namespace

Users::Users(EventLoop& loop, ConnectionTable& connections, const CommandTable& commands,
             WorkerPool& workers, LoopContext& loop_context, EventLog& events)
    : loop_(loop),
      connections_(connections),
      commands_(commands),
      loop_context_(loop_context),
      events_(events),
      before_login_(loop, connections),
      queue_(
          loop, workers, right_,
          [this](std::uint64_t client) {
            const Connection* const connection = connections_.find_client(client);
            return connection != nullptr && !connection->is_ending();
          },
          [this](LoginAttempt& attempt, LoginResult result) { finish(attempt, result); }) {}

Users::~Users() {
  loop_context_.gate = nullptr;
}

// --- settings ------------------------------------------------------------------------------------

std::string Users::check(const Config& config) const {
  if (config.users == settings_) return {};
  std::string problem;
  const UserTable table(config.users, commands_, 0, problem);
  return problem;
}

bool Users::apply(const Config& config) {
  before_login_.set_limits(static_cast<std::size_t>(config.server.max_before_login),
                           config.deadlines.login);
  const bool is_same = config.users == settings_ && required_of(config) == required_;
  settings_ = config.users;
  required_ = required_of(config);
  const bool is_wanted = !settings_.empty() || is_required(required_);
  const bool was_wanted = loop_context_.gate != nullptr;
  if (is_same || (!is_wanted && !was_wanted)) return false;
  std::string problem;  // there is none: check() has said so
  table_ = UserTable(settings_, commands_, loop_context_.users_generation + 1, problem);
  queue_.set_stand_ins(table_.stand_ins());
  ++loop_context_.users_generation;
  loop_context_.gate = this;  // from then on for good: connections may have principals
  return true;
}

// --- who comes -----------------------------------------------------------------------------------

LoginSource Users::source_of(std::array<std::uint8_t, 16> mapped_ip, int fd) {
  LoginSource source{};
  if (const std::optional<UnixPeer> peer = unix_peer_of(fd)) {
    source[0] = 1;
    std::memcpy(source.data() + 1, &peer->uid, sizeof peer->uid);
    return source;
  }
  std::ranges::copy(ConnectionTable::key_of(mapped_ip), source.begin() + 1);
  return source;
}

/// Of a Unix socket's peer nobody knows yet who it is: the kernel says it of an open one.
bool Users::has_room_for(const SocketAddress& peer) const {
  return before_login_.has_room_for(source_of(peer.mapped_ip(), -1));
}

/// Who it is without having said anything. Null: whoever it is, the listener decides alone.
Users::Who Users::recognise(Connection& connection) const {
  const User* user = table_.by_certificate(connection.stream().certificate_name());
  if (user == nullptr && connection.policy().requirement != Requirement::certificate)
    if (const std::optional<UnixPeer> peer = unix_peer_of(connection.stream().fd()))
      user = table_.by_peer(*peer);
  return user != nullptr ? user->given : unknown(connection);
}

Users::Who Users::unknown(const Connection& connection) const {
  switch (connection.policy().requirement) {
    case Requirement::certificate:
      return table_.stranger();
    case Requirement::user:
      return table_.nobody();
    case Requirement::nothing:
      break;
  }
  const User* const declared = table_.declared_default();
  if (declared == nullptr) return nullptr;
  return declared->is_enabled && !declared->has_password() ? declared->given : table_.nobody();
}

void Users::on_open(Connection& connection) noexcept {
  const bool has_memory = has_memory_for([&] {
    const Who who = recognise(connection);
    const std::string error = no_room_for(connection, who);
    error.empty() ? become(connection, who) : refuse(connection, error);
  });
  if (!has_memory) connection.abort(CloseReason::closed_out_of_memory);
}

/// A user that a password has proved; who is given one by what it is known by has it again already.
void Users::on_resume(Connection& connection, std::string_view user) noexcept {
  if (connection.session().user() == user) return;
  const bool has_memory = has_memory_for([&] {
    const std::shared_ptr<const User> found = table_.find(user);
    if (found == nullptr || !found->has_password() || !may_have_password(connection))
      return lose_user(connection, user, "was removed, or is off");
    become(connection, found->principal);
  });
  if (!has_memory) connection.abort(CloseReason::closed_out_of_memory);
}

/// The error of a limit on what its user may have; "" where there is room.
std::string Users::no_room_for(Connection& connection, const Who& who) {
  InputLimiter* const limiter = connection.policy().limiter;
  if (limiter == nullptr || who == nullptr || !who->is_user()) return {};
  if (who->name == connection.session().user()) return {};
  return limiter->admit_user(connection, who->name);
}

void Users::become(Connection& connection, const Who& who) {
  const bool is_known = who == nullptr || who->is_user();
  if (is_known)
    before_login_.forget(connection.id());
  else
    before_login_.add(connection,
                      source_of(connection.stream().peer_ip(), connection.stream().fd()));
  connection.set_principal(who, who == nullptr ? std::string_view() : who->name, !is_known);
}

void Users::begin_again(std::uint64_t client) {
  Connection* const connection = connections_.find_client(client);
  if (connection == nullptr || loop_context_.gate == nullptr) return;
  const Who who = recognise(*connection);
  become(*connection, no_room_for(*connection, who).empty() ? who : stand_in(*connection));
}

/// For who may not be its user again, since that one has all that it may have: it can log in.
Users::Who Users::stand_in(const Connection& connection) const {
  const bool needs_certificate = connection.policy().requirement == Requirement::certificate;
  return needs_certificate ? table_.stranger() : table_.nobody();
}

// --- users that change ---------------------------------------------------------------------------

void Users::renew(Connection& connection) {
  if (connection.is_ending() || loop_context_.gate == nullptr) return;
  const Who before = connection.session().principal();
  if (before != nullptr && before->generation == loop_context_.users_generation) return;
  const bool has_password = before != nullptr && before->is_user() && !before->is_given;
  if (has_password) {
    const std::shared_ptr<const User> user = table_.find(before->name);
    if (user == nullptr || !user->has_password() || !may_have_password(connection))
      return lose_user(connection, "was removed, or is off");
    return take_right(connection, user->principal);
  }
  const Who now = recognise(connection);
  const bool was_named = before != nullptr && before->is_user() && !is_default(before->name);
  if (was_named && (now == nullptr || now->name != before->name))
    return lose_user(connection, "was removed, is off, or has another certificate or Unix user");
  take_right(connection, now);
}

/// Redis does the same: whoever is pushed to is not asked again.
void Users::take_right(Connection& connection, const Who& who) {
  const Who before = connection.session().principal();
  const bool is_less_now =
      who != nullptr && (before == nullptr ? !who->is_user() : is_less(*who, *before));
  if (connection.is_subscribed() && is_less_now)
    return lose_user(connection, "may not run all that it could, and messages are pushed to it");
  become(connection, who);
}

void Users::lose_user(Connection& connection, std::string_view what) {
  lose_user(connection, connection.session().user(), what);
}

void Users::lose_user(Connection& connection, std::string_view name, std::string_view what) {
  connection.end(CloseReason::closed_user_gone,
                 "NOAUTH the user that you have logged in as was removed, or lost a right",
                 fmt::format("its user {} {}", name.empty() ? kDefaultUser : name, what));
}

// --- logging in ----------------------------------------------------------------------------------

/// Where a certificate is required, a password does not stand for one.
bool Users::may_have_password(const Connection& connection) const {
  if (connection.policy().requirement != Requirement::certificate) return true;
  return !connection.session().must_log_in();
}

std::optional<LoginOutcome> Users::log_in(std::uint64_t client, std::string_view user,
                                          std::string_view password, Told told) {
  const Wiper wiper(password);
  Connection* const connection = connections_.find_client(client);
  if (connection == nullptr) return LoginResult::refused;
  const bool is_anyone = is_default(user) &&
                         connection->policy().requirement == Requirement::nothing &&
                         (unknown(*connection) == nullptr || unknown(*connection)->is_user());
  if (is_anyone) {
    if (loop_context_.gate == nullptr) return LoginResult::accepted;
    const Who who = unknown(*connection);
    std::string error = no_room_for(*connection, who);
    if (!error.empty()) return LoginOutcome(LoginResult::limited, std::move(error));
    become(*connection, who);
    return LoginResult::accepted;
  }
  if (table_.is_empty()) return LoginResult::refused;
  std::shared_ptr<const User> found;
  if (may_have_password(*connection)) found = table_.find(user);
  if (found != nullptr && right_.knows(*found, password)) {
    return accept(*connection, *found);
  }
  const bool is_short = password.size() <= PasswordHash::kMaxPasswordBytes;
  LoginAttempt attempt{
      .client = client,
      .source = source_of(connection->stream().peer_ip(), connection->stream().fd()),
      .user = std::move(found),
      .password = SecretText(is_short ? password : std::string_view("\0", 1)),
      .told = std::move(told),
      .arrived = loop_.now()};
  if (!queue_.add(std::move(attempt))) return LoginResult::busy;
  return std::nullopt;
}

LoginOutcome Users::accept(Connection& connection, const User& user) {
  std::string error = no_room_for(connection, user.principal);
  if (!error.empty()) return {LoginResult::limited, std::move(error)};
  become(connection, user.principal);
  tell(connection, Event::logged_in, user.principal->name);
  return LoginResult::accepted;
}

/// What was right of a user that has changed meanwhile is wrong.
LoginOutcome Users::outcome_of(const LoginAttempt& attempt, Connection& connection,
                               LoginResult result) {
  if (result == LoginResult::accepted) {
    const auto now = table_.find(attempt.user->principal->name);
    if (now != nullptr && has_same_passwords(*now, *attempt.user)) return accept(connection, *now);
    result = LoginResult::refused;
  }
  if (result == LoginResult::refused) tell(connection, Event::login_refused, {});
  return result;
}

void Users::finish(LoginAttempt& attempt, LoginResult result) noexcept {
  Connection* const connection = connections_.find_client(attempt.client);
  if (connection == nullptr || connection->is_ending()) return;
  const SlotId id = connection->id();
  const bool has_memory = has_memory_for(
      [&] { attempt.told(outcome_of(attempt, *connection, result), connection->session()); });
  if (!has_memory) return connection->abort(CloseReason::closed_out_of_memory);
  if (before_login_.is_overdue(id)) connection->end(CloseReason::closed_login);
}

void Users::tell(Connection& connection, Event event, std::string_view user) noexcept {
  events_.count(event);
  if (!events_.wants(event)) return;
  (void)has_memory_for([&] {
    events_.log(event, {{"peer", connection.stream().peer()},
                        {"client", std::to_string(connection.client_id())},
                        {"user", std::string(user), true}});
  });
}

// --- what is told --------------------------------------------------------------------------------

bool Users::has_default_password() const {
  const User* const declared = table_.declared_default();
  return declared != nullptr && declared->has_password();
}

std::vector<std::string> Users::names() const {
  std::vector<std::string> names;
  if (table_.declared_default() == nullptr) names.emplace_back(kDefaultUser);
  for (const auto& [name, user] : table_.all()) names.push_back(name);
  return names;
}

std::vector<std::string> Users::rules() const {
  std::vector<std::string> rules;
  if (table_.declared_default() == nullptr)
    rules.emplace_back("user default on nopass ~* &* +@all");
  for (const auto& [name, user] : table_.all()) rules.push_back(user->rule);
  return rules;
}

}  // namespace reactord
