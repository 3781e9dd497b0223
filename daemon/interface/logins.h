// SPDX-License-Identifier: MIT
// Logging in, as the commands that do it see it: AUTH, HELLO, RESET and ACL. Implemented by the
// daemon and by the tests' fake.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/interface/session.h"

namespace reactord {

enum class LoginResult : std::uint8_t {
  accepted,
  refused,  ///< no such user, one that is off, or the wrong password: nobody is told which
  busy,     ///< too many are being checked
  limited,  ///< the password was right, but the user may have no more connections
};

struct LoginOutcome {
  LoginOutcome(LoginResult of_login) : result(of_login) {}
  LoginOutcome(LoginResult of_login, std::string why) : result(of_login), error(std::move(why)) {}

  LoginResult result;
  std::string error;  ///< of `limited`: its code, and what to do
};

class Logins {
 public:
  virtual ~Logins() = default;

  /// Told once, from the loop, unless the client has gone. Before that it is logged in.
  using Told = std::function<void(const LoginOutcome&, Session&)>;
  /// Checks beside the loop what takes long; then, and where nothing else can be told apart from
  /// it, the result comes later. `password` is overwritten where it stands: nobody reads it again.
  [[nodiscard]] virtual std::optional<LoginOutcome> log_in(std::uint64_t client,
                                                           std::string_view user,
                                                           std::string_view password,
                                                           Told told) = 0;
  /// Whoever it has logged in as, it is again what it was when it came (RESET).
  virtual void begin_again(std::uint64_t client) = 0;

  /// Whether `default`, the user that AUTH means without a name, has a password.
  [[nodiscard]] virtual bool has_default_password() const = 0;
  /// By name; never empty, since `default` is one.
  [[nodiscard]] virtual std::vector<std::string> names() const = 0;
  /// Of each the line that ACL LIST has, without a hash: "user default on nopass ~* &* +@all".
  [[nodiscard]] virtual std::vector<std::string> rules() const = 0;
};

}  // namespace reactord
