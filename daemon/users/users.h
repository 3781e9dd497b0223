// SPDX-License-Identifier: MIT
// Who clients are: what they are known by when they come, logging in, and what becomes of all that
// when users change. What each may run is judged by the dispatcher, of the principal that a
// connection is given here.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "daemon/connection/connection_table.h"
#include "daemon/dispatch/command_table.h"
#include "daemon/interface/logins.h"
#include "daemon/log/event_log.h"
#include "daemon/users/before_login.h"
#include "daemon/users/login_queue.h"
#include "daemon/users/right_passwords.h"
#include "daemon/users/user_table.h"

namespace reactord {

class Users final : public Logins, public LoginGate {
 public:
  Users(EventLoop& loop, ConnectionTable& connections, const CommandTable& commands,
        WorkerPool& workers, LoopContext& loop_context, EventLog& events);
  ~Users() override;

  /// The problem with the users of `config`, or "". What is good may be applied.
  [[nodiscard]] std::string check(const Config& config) const;
  /// Puts them in force: from the next request on. True if every connection is to be renewed, so
  /// that those that ask nothing hear of it, too.
  [[nodiscard]] bool apply(const Config& config);

  // --- LoginGate ---
  [[nodiscard]] bool has_room_for(const SocketAddress& peer) const override;
  void on_open(Connection& connection) noexcept override;
  void on_resume(Connection& connection, std::string_view user) noexcept override;
  void on_end(Connection& connection) noexcept override { before_login_.forget(connection.id()); }
  void renew(Connection& connection) override;

  // --- Logins ---
  [[nodiscard]] std::optional<LoginOutcome> log_in(std::uint64_t client, std::string_view user,
                                                   std::string_view password, Told told) override;
  void begin_again(std::uint64_t client) override;
  [[nodiscard]] bool has_default_password() const override;
  [[nodiscard]] std::vector<std::string> names() const override;
  [[nodiscard]] std::vector<std::string> rules() const override;

 private:
  using Who = std::shared_ptr<const Principal>;

  [[nodiscard]] Who recognise(Connection& connection) const;
  [[nodiscard]] Who unknown(const Connection& connection) const;
  [[nodiscard]] Who stand_in(const Connection& connection) const;
  void become(Connection& connection, const Who& who);
  void take_right(Connection& connection, const Who& who);
  void lose_user(Connection& connection, std::string_view what);
  void lose_user(Connection& connection, std::string_view name, std::string_view what);
  [[nodiscard]] bool may_have_password(const Connection& connection) const;
  [[nodiscard]] static bool is_default(std::string_view user) { return user == kDefaultUser; }
  [[nodiscard]] static std::string no_room_for(Connection& connection, const Who& who);
  [[nodiscard]] LoginOutcome accept(Connection& connection, const User& user);
  [[nodiscard]] LoginOutcome outcome_of(const LoginAttempt& attempt, Connection& connection,
                                        LoginResult result);
  void finish(LoginAttempt& attempt, LoginResult result) noexcept;
  void tell(Connection& connection, Event event, std::string_view user) noexcept;
  [[nodiscard]] static LoginSource source_of(std::array<std::uint8_t, 16> mapped_ip, int fd);

  EventLoop& loop_;
  ConnectionTable& connections_;
  const CommandTable& commands_;
  LoopContext& loop_context_;
  EventLog& events_;
  UserTable table_;
  std::vector<UserSettings> settings_;  ///< that the table is made of
  std::vector<Requirement> required_;   ///< of the listeners in force
  RightPasswords right_;
  BeforeLogin before_login_;
  LoginQueue queue_;
};

}  // namespace reactord
