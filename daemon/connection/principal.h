// SPDX-License-Identifier: MIT
// What a client may run, once it is known who it is. Made when users are loaded, never changed, and
// shared by all connections of a user; another generation of users makes others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "daemon/interface/command_spec.h"

namespace reactord {

struct Principal {
  enum class Kind : std::uint8_t {
    user,
    nobody,    ///< it has to log in: it may run what that takes
    stranger,  ///< the same, but no password helps: it takes a certificate
  };

  Kind kind = Kind::user;
  bool is_given = false;         ///< without a password: by what the client is known by
  std::string name;              ///< of the user; "" of the others
  std::uint64_t generation = 0;  ///< of the users
  CommandClasses classes;        ///< in which there is a command that it may run
  std::vector<bool> commands;    ///< by the number of each (CommandEntry::number)

  [[nodiscard]] bool is_user() const { return kind == Kind::user; }
  /// Of a command with subcommands: one of them.
  [[nodiscard]] bool may_run(std::size_t command) const { return commands[command]; }
};

}  // namespace reactord
