// SPDX-License-Identifier: MIT
// The users of one configuration, ready to be looked up by what clients are known by, and what each
// may run. Made anew when users change; constant but for what is remembered of right passwords.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/secrets/password_hash.h"
#include "daemon/connection/principal.h"
#include "daemon/dispatch/command_table.h"
#include "daemon/users/unix_peer.h"

namespace reactord {

struct User {
  using Hash = std::shared_ptr<const PasswordHash>;

  std::shared_ptr<const Principal> principal;
  /// The same, of a client that needs no password.
  std::shared_ptr<const Principal> given;
  bool is_enabled = true;
  std::vector<Hash> tokens;       ///< compared at once
  std::vector<Hash> slow_hashes;  ///< compared beside the loop
  std::string certificate_name;
  std::optional<::uid_t> uid;
  std::optional<::gid_t> gid;
  std::string rule;  ///< of ACL LIST
  /// Of the latest password that one of slow_hashes has taken its time for (RightPasswords).
  mutable SecretText remembered;

  [[nodiscard]] bool has_password() const { return !tokens.empty() || !slow_hashes.empty(); }
};

class UserTable {
 public:
  UserTable() = default;
  /// `generation` goes into the principals. Leaves the problem in `problem` where the system does
  /// not know a user or a group, or `commands` no command.
  UserTable(const std::vector<UserSettings>& settings, const CommandTable& commands,
            std::uint64_t generation, std::string& problem);

  [[nodiscard]] bool is_empty() const { return users_.empty(); }
  using Users = std::map<std::string, std::shared_ptr<const User>, std::less<>>;
  [[nodiscard]] const Users& all() const { return users_; }
  /// Null: there is none, or it is off.
  [[nodiscard]] std::shared_ptr<const User> find(std::string_view name) const;
  [[nodiscard]] const User* by_certificate(std::string_view name) const;
  [[nodiscard]] const User* by_peer(const UnixPeer& peer) const;
  /// `default`, if it is declared, on or off.
  [[nodiscard]] const User* declared_default() const;

  [[nodiscard]] const std::shared_ptr<const Principal>& nobody() const { return nobody_; }
  [[nodiscard]] const std::shared_ptr<const Principal>& stranger() const { return stranger_; }

  /// So many slow hashes are compared for each wrong password, whoever it is of, these among them.
  [[nodiscard]] const std::vector<User::Hash>& stand_ins() const { return stand_ins_; }

 private:
  Users users_;
  std::shared_ptr<const Principal> nobody_;
  std::shared_ptr<const Principal> stranger_;
  std::vector<User::Hash> stand_ins_;
};

}  // namespace reactord
