// SPDX-License-Identifier: MIT
#include "config/users/user_tables.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/secrets/password_hash.h"
#include "config/tables.h"
#include "config/text/toml_text.h"

namespace reactord {

bool PasswordSetting::operator==(const PasswordSetting& other) const {
  return from == other.from &&
         std::ranges::equal(hashes, other.hashes,
                            [](const auto& a, const auto& b) { return *a == *b; });
}

namespace {

constexpr std::string_view kFile = "file:";
constexpr std::string_view kCredential = "credential:";

/// Nobody has more at a time than the old password and the new one of each of a few machines.
constexpr std::int64_t kMaxPasswords = 16;
constexpr std::int64_t kMaxNameBytes = 64;
constexpr std::int64_t kMaxCommands = 1000;
/// RFC 5280's upper bound of a common name is 64; names of hosts and mail addresses are longer.
constexpr std::int64_t kMaxCertificateName = 256;

std::string parse_source(const std::string& text, PasswordSetting& out) {
  const std::string_view path = std::string_view(text).substr(std::min(text.size(), kFile.size()));
  if (text.starts_with(kFile) && !path.starts_with('/'))
    return "expected a whole path behind \"file:\", such as \"file:/etc/reactord/alice.hash\"";
  if (text.starts_with(kCredential) &&
      (text.size() == kCredential.size() || text.find('/') != text.npos))
    return "expected a credential's name behind \"credential:\", as LoadCredential= has it";
  out.from = text;
  return {};
}

std::string parse_password(const std::string& text, PasswordSetting& out) {
  if (text.starts_with(kFile) || text.starts_with(kCredential)) return parse_source(text, out);
  return parse_password_lines(text, out);
}

}  // namespace

/// A hash, or where it is to be read from. A text that is neither may be the password itself, and
/// is not repeated.
template <>
struct ValueTraits<PasswordSetting> {
  static constexpr std::string_view kListName = "a hash, file:PATH, credential:NAME, or a list";
};

/// By itself, since that of all lists would copy the hashes to where nothing overwrites them.
template <>
struct ValueTraits<std::vector<PasswordSetting>> {
  static constexpr std::string_view kName = ValueTraits<PasswordSetting>::kListName;
  static std::string parse(const ConfigValue& value, const ValueRange& range,
                           std::vector<PasswordSetting>& out) {
    const auto* const text = std::get_if<std::string>(&value);
    const auto* const list = std::get_if<std::vector<std::string>>(&value);
    if (text == nullptr && list == nullptr) return fmt::format("expected {}", kName);
    const std::span<const std::string> items =
        text != nullptr ? std::span(text, 1) : std::span<const std::string>(*list);
    if (std::string problem = detail::check_item_count(items.size(), range); !problem.empty())
      return problem;
    std::vector<PasswordSetting> parsed(items.size());
    for (std::size_t i = 0; i < items.size(); ++i)
      if (std::string problem = parse_password(items[i], parsed[i]); !problem.empty())
        return problem;
    out = std::move(parsed);
    return {};
  }
  static ConfigValue show(const std::vector<PasswordSetting>& value) {
    std::vector<std::string> items;
    for (const PasswordSetting& each : value)
      items.push_back(each.from.empty() ? std::string(kHidden) : each.from);
    return items;
  }
};

namespace {

constexpr KeySpec kUserKeys[] = {
    key<&UserSettings::name>("name", Apply::reload, {1, kMaxNameBytes}),
    key<&UserSettings::enabled>("enabled", Apply::reload),
    key<&UserSettings::passwords>("password", Apply::reload, {0, kMaxPasswords}),
    key<&UserSettings::commands>("commands", Apply::reload, {0, kMaxCommands}),
    key<&UserSettings::certificate_name>("certificate_name", Apply::reload,
                                         {0, kMaxCertificateName}),
    key<&UserSettings::unix_user>("unix_user", Apply::reload, {0, 256}),
    key<&UserSettings::unix_group>("unix_group", Apply::reload, {0, 256}),
};

std::string path_of(const UserSettings& user) {
  return fmt::format("user.{}", user.name);
}

/// What differs, passwords without their values.
void add_changes(std::vector<Change>& out, const UserSettings& before, const UserSettings& after) {
  for (const KeySpec& spec : kUserKeys) {
    const ConfigValue old_value = spec.get(&before);
    const ConfigValue new_value = spec.get(&after);
    const bool is_password = spec.name == "password";
    if (is_password ? before.passwords == after.passwords : old_value == new_value) continue;
    out.push_back({fmt::format("{}.{}", path_of(before), spec.name), plain_text(old_value),
                   plain_text(new_value), spec.apply});
  }
}

class UserChecker {
 public:
  UserChecker(const Config& config, const KeyPlaces& places, std::vector<ConfigProblem>& problems)
      : config_(config), places_(places), problems_(problems) {}

  void run() {
    if (config_.users.size() > kMaxUsers)
      return report(path(kMaxUsers), fmt::format("there are more than {} users", kMaxUsers));
    for (std::size_t i = 0; i < config_.users.size(); ++i) check(i);
    for (std::size_t i = 0; i < config_.listeners.size(); ++i) check_listener(i);
  }

 private:
  static std::string path(std::size_t index) { return fmt::format("user.{}", index); }
  static std::string path(std::size_t index, std::string_view key) {
    return fmt::format("user.{}.{}", index, key);
  }
  [[nodiscard]] const KeyPlace* place(std::string_view of) const {
    const auto found = places_.find(of);
    return found == places_.end() ? nullptr : &found->second;
  }
  [[nodiscard]] bool is_good(std::string_view of) const {
    const KeyPlace* const found = place(of);
    return found == nullptr || found->good;
  }

  void report(std::string_view of, std::string message) {
    const KeyPlace* const found = place(of);
    const TextPosition at = found == nullptr ? TextPosition{} : found->value;
    problems_.push_back({at.line, at.column, std::move(message)});
  }

  void check(std::size_t index) {
    const UserSettings& user = config_.users[index];
    if (!is_good(path(index, "name"))) return;
    if (user.name.empty()) return report(path(index), "[[user]] needs a name");
    if (!is_word(user.name))
      report(path(index, "name"),
             fmt::format("user.name: {} has a blank, or a character that is not visible ASCII",
                         shown(user.name)));
    check_unique(index, "name", &UserSettings::name);
    check_unique(index, "certificate_name", &UserSettings::certificate_name);
    check_unique(index, "unix_user", &UserSettings::unix_user);
    check_unique(index, "unix_group", &UserSettings::unix_group);
    check_ways(index);
  }

  static bool is_word(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '!' && c <= '~'; });
  }

  void check_unique(std::size_t index, std::string_view key, std::string UserSettings::*member) {
    const std::string& value = config_.users[index].*member;
    for (std::size_t i = 0; i < index && !value.empty(); ++i) {
      if (config_.users[i].*member != value) continue;
      return report(path(index, key),
                    fmt::format("user.{}: {} is the one of the user in line {} already", key,
                                shown(value), config_.users[i].line));
    }
  }

  /// `default` may have none: then everybody is it who has not logged in.
  void check_ways(std::size_t index) {
    const UserSettings& user = config_.users[index];
    const bool has_way = !user.passwords.empty() || !user.certificate_name.empty() ||
                         !user.unix_user.empty() || !user.unix_group.empty();
    if (has_way || user.name == kDefaultUser || !is_good(path(index, "password"))) return;
    report(path(index),
           fmt::format("user {} has no way to log in: give it a password, a certificate_name, a "
                       "unix_user or a unix_group",
                       shown(user.name)));
  }

  void check_listener(std::size_t index) {
    const ListenerSettings& listener = config_.listeners[index];
    const std::string at = fmt::format("listener.{}.require", index);
    if (!is_good(at) || listener.require == Requirement::nothing) return;
    if (listener.require == Requirement::user && listener.framing != ListenerFraming::command)
      return report(at, "listener.require: only a command listener has AUTH, to log in by");
    const bool asks_for_certificates = listener.tls && listener.tls->client_auth != ClientAuth::no;
    if (listener.require == Requirement::certificate && !asks_for_certificates)
      return report(at,
                    "listener.require: no client is asked for a certificate here: give the "
                    "listener a [listener.tls] with client_auth and client_ca");
    if (std::none_of(config_.users.begin(), config_.users.end(),
                     [](const UserSettings& user) { return user.enabled; }))
      report(at, "listener.require: there is no [[user]] who could log in");
  }

  const Config& config_;
  const KeyPlaces& places_;
  std::vector<ConfigProblem>& problems_;
};

}  // namespace

std::span<const KeySpec> user_keys() {
  return kUserKeys;
}

const UserSettings* find_user(const Config& config, std::string_view name) {
  const auto found = std::find_if(config.users.begin(), config.users.end(),
                                  [&](const UserSettings& each) { return each.name == name; });
  return found == config.users.end() ? nullptr : &*found;
}

std::string parse_password_lines(std::string_view text, PasswordSetting& setting) {
  std::vector<std::shared_ptr<const PasswordHash>> hashes;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) continue;
    auto hash = std::make_shared<PasswordHash>();
    if (std::string problem = PasswordHash::parse(line, *hash); !problem.empty()) return problem;
    hashes.push_back(std::move(hash));
  }
  if (hashes.empty()) return "there is no hash: reactor-cli hash makes one";
  if (hashes.size() > kMaxPasswords)
    return fmt::format("there are more than {} hashes", kMaxPasswords);
  setting.hashes = std::move(hashes);
  return {};
}

bool has_hidden_password(const UserSettings& user) {
  return std::any_of(user.passwords.begin(), user.passwords.end(),
                     [](const PasswordSetting& each) { return each.from.empty(); });
}

void add_user_settings(std::vector<Setting>& out, const Config& config) {
  for (const UserSettings& user : config.users)
    for (const KeySpec& spec : kUserKeys)
      if (spec.name != "password")
        out.push_back(
            {fmt::format("{}.{}", path_of(user), spec.name), plain_text(spec.get(&user))});
}

void add_user_changes(std::vector<Change>& out, const Config& before, const Config& after) {
  for (const UserSettings& user : before.users) {
    if (const UserSettings* const now = find_user(after, user.name))
      add_changes(out, user, *now);
    else
      out.push_back({path_of(user), "a user", "no user", Apply::reload});
  }
  for (const UserSettings& user : after.users)
    if (find_user(before, user.name) == nullptr)
      out.push_back({path_of(user), "no user", "a user", Apply::reload});
}

void check_users(const Config& config, const KeyPlaces& places,
                 std::vector<ConfigProblem>& problems) {
  UserChecker(config, places, problems).run();
}

}  // namespace reactord
