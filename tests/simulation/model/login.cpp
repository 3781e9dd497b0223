// SPDX-License-Identifier: MIT
#include "tests/simulation/model/login.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <sstream>
#include <string_view>

namespace simulation {

namespace {

struct User {
  std::string_view name;
  std::string_view password;
  std::string_view denied;  ///< of the commands that clients of the simulation send
};

constexpr User kUsers[] = {
    {"ann", "ann-token", ""},
    {"ben", "slow-password", "CEIL"},
    {"eve", "eve-token", "PING ECHO TEXT CLIENT INFO COMMAND"},
};

const User* find(const std::string& name) {
  const auto* const found = std::ranges::find(kUsers, name, &User::name);
  return found == std::end(kUsers) ? nullptr : found;
}

/// Everybody may.
constexpr std::array<std::string_view, 4> kFree{"AUTH", "HELLO", "RESET", "QUIT"};

}  // namespace

std::optional<std::string> Login::answer(const std::string& name,
                                         const std::vector<std::string>& words) {
  if (!is_required_) return std::nullopt;
  if (name == "AUTH") {
    if (words.size() != 3) return "^!ERR AUTH <password> called without any password";
    const std::optional<std::string> refused = log_in(words[1], words[2]);
    return refused ? refused : "=OK";
  }
  if (name == "HELLO" && words.size() == 5) return log_in(words[3], words[4]);
  if (name == "HELLO" && user_.empty()) return "^!NOAUTH HELLO must be called";
  if (name == "RESET") user_.clear();
  if (std::ranges::find(kFree, name) != kFree.end()) return std::nullopt;
  if (user_.empty()) return "=!NOAUTH Authentication required.";
  if (!may_run(name)) return "^!NOPERM User " + user_ + " has no permissions to run the '";
  return std::nullopt;
}

std::optional<std::string> Login::log_in(const std::string& user, const std::string& password) {
  const User* const found = find(user);
  if (found == nullptr || found->password != password) return "^!WRONGPASS ";
  user_ = user;
  return std::nullopt;
}

bool Login::may_run(const std::string& name) const {
  std::string_view denied = find(user_)->denied;
  while (!denied.empty()) {
    const std::string_view first = denied.substr(0, denied.find(' '));
    if (first == name) return false;
    denied.remove_prefix(std::min(first.size() + 1, denied.size()));
  }
  return true;
}

bool is_login(const std::string& request) {
  return request.starts_with("AUTH ") || request.starts_with("HELLO 3 AUTH ");
}

std::string user_of_login(const std::string& request) {
  std::istringstream words(request.substr(request.find("AUTH ") + 5));
  std::string user;
  words >> user;
  return user;
}

bool is_free(const std::string& request) {
  return std::ranges::find(kFree, request.substr(0, request.find(' '))) != kFree.end();
}

}  // namespace simulation
