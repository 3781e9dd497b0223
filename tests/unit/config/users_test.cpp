// SPDX-License-Identifier: MIT
// [[user]]: what is wrong with one, what is shown of it, and what a reload tells.
#include "config/print_config.h"
#include "config/users/user_tables.h"

#include <doctest/doctest.h>

#include <string>

#include "config/secrets/sha256.h"
#include "tests/unit/config/config_fixtures.h"

namespace reactord {
namespace {

using namespace test;

const std::string kHash = "sha256:" + std::string(64, 'a');
const std::string kOther = "sha256:" + std::string(64, 'b');

std::string user(const std::string& keys) {
  return "[[user]]\nname = 'a'\n" + keys + "\n";
}

TEST_CASE("what is wrong with users is told, and no password is repeated") {
  const std::string kNoHash =
      "user.password: expected a hash, \"$y$...\" or \"sha256:...\", never the password itself: "
      "reactor-cli hash makes one";
  check_rows(std::initializer_list<ProblemRow>{
      {user("password = '" + kHash + "'"), ""},
      {user("password = ['" + kHash + "', '" + kOther + "']"), ""},
      {user("password = 'hunter2'"), "3:12: " + kNoHash},
      {user("password = ['" + kHash + "', 'hunter2']"), "3:88: " + kNoHash},
      {user("password = 'file:a.hash'"),
       "3:12: user.password: expected a whole path behind \"file:\", such as "
       "\"file:/etc/reactord/alice.hash\""},
      {user("password = 'file:/no/such/file'"),
       "3:12: user.password: '/no/such/file' cannot be opened: No such file or directory"},
      {user("password = 'credential:a/b'"),
       "3:12: user.password: expected a credential's name behind \"credential:\", as "
       "LoadCredential= has it"},
      {user(""),
       "1:1: user 'a' has no way to log in: give it a password, a certificate_name, a unix_user or "
       "a unix_group"},
      {"[[user]]\nname = 'default'\n", ""},
      {"[[user]]\nunix_user = 'x'\n", "1:1: [[user]] needs a name"},
      {"[[user]]\nname = 'a b'\nunix_user = 'x'\n",
       "2:8: user.name: 'a b' has a blank, or a character that is not visible ASCII"},
      {user("unix_user = 'x'") + user("unix_user = 'y'"),
       "5:8: user.name: 'a' is the one of the user in line 1 already"},
      {user("unix_user = 'x'") + "[[user]]\nname = 'b'\nunix_user = 'x'\n",
       "6:13: user.unix_user: 'x' is the one of the user in line 1 already"},
      {"[[listener]]\naddress = '127.0.0.1:1'\nrequire = 'user'\n",
       "3:11: listener.require: there is no [[user]] who could log in"},
      {"[[listener]]\naddress = '127.0.0.1:1'\nrequire = 'certificate'\n" + user("unix_user = 'x'"),
       "3:11: listener.require: no client is asked for a certificate here: give the listener a "
       "[listener.tls] with client_auth and client_ca"},
      {"[[listener]]\naddress = '127.0.0.1:1'\nframing = 'line'\nhandler = 'plain'\n"
       "require = 'user'\n" +
           user("unix_user = 'x'"),
       "5:11: listener.require: only a command listener has AUTH, to log in by"},
  });
}

TEST_CASE("of a password nothing is shown but where it stands") {
  const LoadedConfig loaded = parse_config(user("password = '" + kHash + "'"), handlers());
  REQUIRE_EQ(text_of(loaded.problems), "");
  const std::string printed = print_config(loaded.config, handlers());
  CHECK(printed.find(std::string(64, 'a')) == std::string::npos);
  CHECK(printed.find("# password = [\"hidden\"]\n") != std::string::npos);
  const std::string settings = text_of(settings_of(loaded.config, handlers()));
  CHECK(settings.find("user.a.commands = all\n") != std::string::npos);
  CHECK(settings.find("password") == std::string::npos);
}

TEST_CASE("a reload tells that a password has changed, and not from what to what") {
  const auto config_of = [](const std::string& toml) {
    return parse_config(toml, handlers()).config;
  };
  const Config before = config_of(user("password = '" + kHash + "'"));
  const auto changes =
      changes_between(before, config_of(user("password = '" + kOther + "'")), handlers());
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].path == "user.a.password");
  CHECK(changes[0].before == "hidden");
  CHECK(changes[0].after == "hidden");
  CHECK(changes_between(before, config_of(user("password = '" + kHash + "'")), handlers()).empty());
  const auto gone = changes_between(before, config_of(""), handlers());
  REQUIRE(gone.size() == 1);
  CHECK(gone[0].path == "user.a");
  CHECK(gone[0].after == "no user");
}

}  // namespace
}  // namespace reactord
