// SPDX-License-Identifier: MIT
#include "daemon/users/user_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "protocol/escape.h"
#include "protocol/words.h"

namespace reactord {

namespace {

/// What logging in takes, and leaving: anybody may run it, as in Redis.
constexpr std::array<std::string_view, 4> kLoginCommands{"auth", "hello", "quit", "reset"};

struct ClassWord {
  std::string_view word;
  CommandClass command_class;
};
constexpr ClassWord kClasses[] = {{"public", CommandClass::public_},
                                  {"introspection", CommandClass::introspection},
                                  {"admin", CommandClass::admin}};
constexpr std::string_view kAll = "all";

/// Fills in what a user may run, word by word of its setting.
class Permissions {
 public:
  explicit Permissions(const CommandTable& commands)
      : commands_(commands), allowed_(commands.size(), false) {}

  /// The problem, or "".
  [[nodiscard]] std::string take(std::string_view word) {
    const bool is_granted = !word.starts_with('-');
    const std::string name = lower_case(word.substr(is_granted ? 0 : 1));
    if (take_class(name, is_granted) || take_command(name, is_granted)) return {};
    return fmt::format("there is no command or class of commands '{}'", escaped(name));
  }

  void allow_login() {
    for (const std::string_view name : kLoginCommands)
      if (const CommandEntry* const entry = commands_.find(name)) set(*entry, true);
  }

  void fill(Principal& principal) {
    for (const auto& entry : commands_.entries()) {
      for (const auto& sub : entry->subcommands) {
        if (!allowed_[sub->number]) continue;
        allowed_[entry->number] = true;
        principal.classes.allow(sub->spec->command_class);
      }
      if (allowed_[entry->number]) principal.classes.allow(entry->spec->command_class);
    }
    principal.commands = std::move(allowed_);
  }

 private:
  void set(const CommandEntry& entry, bool is_granted) {
    allowed_[entry.number] = is_granted;
    for (const auto& sub : entry.subcommands) allowed_[sub->number] = is_granted;
  }

  bool take_class(std::string_view name, bool is_granted) {
    const auto found = std::ranges::find(kClasses, name, &ClassWord::word);
    if (name != kAll && found == std::end(kClasses)) return false;
    const auto is_meant = [&](const CommandEntry& entry) {
      return name == kAll || entry.spec->command_class == found->command_class;
    };
    for (const auto& entry : commands_.entries()) {
      if (is_meant(*entry)) allowed_[entry->number] = is_granted;
      for (const auto& sub : entry->subcommands)
        if (is_meant(*sub)) allowed_[sub->number] = is_granted;
    }
    return true;
  }

  /// "client", "client list" or "client|list".
  bool take_command(std::string_view name, bool is_granted) {
    const std::size_t end = std::min(name.find_first_of(" |"), name.size());
    const CommandEntry* const entry = commands_.find(name.substr(0, end));
    if (entry == nullptr || !same_word(entry->spec->name, name.substr(0, end))) return false;
    if (end == name.size()) {
      set(*entry, is_granted);
      return true;
    }
    const CommandEntry* const sub = CommandTable::find_subcommand(*entry, name.substr(end + 1));
    if (sub != nullptr) allowed_[sub->number] = is_granted;
    return sub != nullptr;
  }

  const CommandTable& commands_;
  std::vector<bool> allowed_;
};

bool is_class(std::string_view name) {
  return name == kAll || std::ranges::find(kClasses, name, &ClassWord::word) != std::end(kClasses);
}

/// In the words of Redis' ACL LIST: "user alice on ~* &* -@all +ceil".
std::string rule_of(const UserSettings& user) {
  std::string rule =
      fmt::format("user {} {}{} ~* &*", user.name, user.enabled ? "on" : "off",
                  user.passwords.empty() && user.name == kDefaultUser ? " nopass" : "");
  if (user.commands.empty() || lower_case(user.commands.front()) != kAll) rule += " -@all";
  for (const std::string& word : user.commands) {
    const bool is_granted = !word.starts_with('-');
    std::string name = lower_case(std::string_view(word).substr(is_granted ? 0 : 1));
    std::ranges::replace(name, ' ', '|');
    rule += fmt::format(" {}{}{}", is_granted ? '+' : '-', is_class(name) ? "@" : "", name);
  }
  return rule;
}

std::shared_ptr<const Principal> make_nobody(const CommandTable& commands, Principal::Kind kind,
                                             std::uint64_t generation) {
  Principal principal;
  principal.kind = kind;
  principal.generation = generation;
  Permissions permissions(commands);
  if (kind == Principal::Kind::nobody) permissions.allow_login();
  permissions.fill(principal);
  return std::make_shared<const Principal>(std::move(principal));
}

/// Of one user, step by step; the first problem, or "".
class UserMaker {
 public:
  UserMaker(const UserSettings& settings, const CommandTable& commands)
      : settings_(settings), commands_(commands) {}

  [[nodiscard]] std::string make(std::uint64_t generation, User& user) const {
    user.is_enabled = settings_.enabled;
    user.certificate_name = settings_.certificate_name;
    user.rule = rule_of(settings_);
    for (const PasswordSetting& password : settings_.passwords)
      for (const User::Hash& hash : password.hashes)
        (hash->is_slow() ? user.slow_hashes : user.tokens).push_back(hash);
    if (std::string problem = find_peer(user); !problem.empty()) return problem;
    return give_commands(generation, user);
  }

 private:
  [[nodiscard]] std::string find_peer(User& user) const {
    if (!settings_.unix_user.empty() && !(user.uid = find_uid(settings_.unix_user)))
      return fmt::format("unix_user: the system knows no user '{}'", escaped(settings_.unix_user));
    if (!settings_.unix_group.empty() && !(user.gid = find_gid(settings_.unix_group)))
      return fmt::format("unix_group: the system knows no group '{}'",
                         escaped(settings_.unix_group));
    return {};
  }

  [[nodiscard]] std::string give_commands(std::uint64_t generation, User& user) const {
    Principal principal;
    principal.name = settings_.name;
    principal.generation = generation;
    Permissions permissions(commands_);
    for (const std::string& word : settings_.commands)
      if (std::string problem = permissions.take(word); !problem.empty())
        return "commands: " + problem;
    permissions.allow_login();
    permissions.fill(principal);
    user.principal = std::make_shared<const Principal>(principal);
    principal.is_given = true;
    user.given = std::make_shared<const Principal>(std::move(principal));
    return {};
  }

  const UserSettings& settings_;
  const CommandTable& commands_;
};

}  // namespace

UserTable::UserTable(const std::vector<UserSettings>& settings, const CommandTable& commands,
                     std::uint64_t generation, std::string& problem)
    : nobody_(make_nobody(commands, Principal::Kind::nobody, generation)),
      stranger_(make_nobody(commands, Principal::Kind::stranger, generation)) {
  for (const UserSettings& each : settings) {
    auto user = std::make_shared<User>();
    if (std::string found = UserMaker(each, commands).make(generation, *user); !found.empty()) {
      problem = fmt::format("user {}: {}", each.name, found);
      return;
    }
    if (user->slow_hashes.size() > stand_ins_.size()) stand_ins_ = user->slow_hashes;
    users_.emplace(each.name, std::move(user));
  }
}

std::shared_ptr<const User> UserTable::find(std::string_view name) const {
  const auto found = users_.find(name);
  return found != users_.end() && found->second->is_enabled ? found->second : nullptr;
}

const User* UserTable::by_certificate(std::string_view name) const {
  if (name.empty()) return nullptr;
  for (const auto& [user_name, user] : users_)
    if (user->is_enabled && user->certificate_name == name) return user.get();
  return nullptr;
}

const User* UserTable::by_peer(const UnixPeer& peer) const {
  const User* of_group = nullptr;
  for (const auto& [name, user] : users_) {
    if (!user->is_enabled) continue;
    if (user->uid == peer.uid) return user.get();
    if (user->gid == peer.gid) of_group = user.get();
  }
  return of_group;
}

const User* UserTable::declared_default() const {
  const auto found = users_.find(std::string_view(kDefaultUser));
  return found == users_.end() ? nullptr : found->second.get();
}

}  // namespace reactord
