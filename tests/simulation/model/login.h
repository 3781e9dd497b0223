// SPDX-License-Identifier: MIT
// Who a client is at the listener "login", from what it has sent: its users, their passwords and
// what each may run stand in script/listeners.cpp.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace simulation {

class Login {
 public:
  explicit Login(bool is_required) : is_required_(is_required) {}

  /// What must be answered instead of what the command does, as the pattern of an Expected. Notes
  /// a login that is right. `name` is the command's, in capitals.
  [[nodiscard]] std::optional<std::string> answer(const std::string& name,
                                                  const std::vector<std::string>& words);
  /// A login that was right has been refused all the same.
  void forget() { user_.clear(); }

 private:
  [[nodiscard]] std::optional<std::string> log_in(const std::string& user,
                                                  const std::string& password);
  [[nodiscard]] bool may_run(const std::string& name) const;

  bool is_required_;
  std::string user_;  ///< empty: it has not logged in
};

/// Whether a request, as an Expected has it, logs in.
[[nodiscard]] bool is_login(const std::string& request);
/// As whom, where it does.
[[nodiscard]] std::string user_of_login(const std::string& request);
/// It is answered by its command to whoever has not logged in, too.
[[nodiscard]] bool is_free(const std::string& request);

}  // namespace simulation
