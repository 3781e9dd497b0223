// SPDX-License-Identifier: MIT
// [[user]]: who may log in, and what each may run. The defaults here are the defaults. How the keys
// are named, checked and shown is in user_tables.h.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace reactord {

class PasswordHash;

/// Each is a set of commands, built in the loop by a reload: some microseconds a piece. More belong
/// into whatever stands in front.
inline constexpr std::size_t kMaxUsers = 200;

/// What a password is compared with, and where that stands. Never shown, but for `from`.
struct PasswordSetting {
  std::string from;  ///< "file:PATH", "credential:NAME"; empty: the configuration has the hash
  /// As many as the file has; none before it is read.
  std::vector<std::shared_ptr<const PasswordHash>> hashes;
  bool operator==(const PasswordSetting& other) const;
};

struct UserSettings {
  std::string name;
  bool enabled = true;                     ///< off: cannot log in by any way
  std::vector<PasswordSetting> passwords;  ///< each is good: one can be changed for another
  /// Classes and names, each behind "-" where it is taken away; a listener's allow_commands counts
  /// as well.
  std::vector<std::string> commands{"all"};
  std::string certificate_name;  ///< of a client's certificate that stands for this user
  std::string unix_user;         ///< name or number: who stands for it at a Unix socket
  std::string unix_group;        ///< the same of a group
  int line = 0;                  ///< where the file declares it, for messages
  bool operator==(const UserSettings&) const = default;
};

/// The user that a client is before it logs in, where nothing else is said: Redis' own name.
inline constexpr const char* kDefaultUser = "default";

}  // namespace reactord
