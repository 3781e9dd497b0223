// SPDX-License-Identifier: MIT
#include "daemon/console/terminal.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <string>

#include "daemon/reactor/unique_fd.h"

namespace reactord {
namespace {

/// Sets a variable, or takes it away, and restores it at the end.
class Variable {
 public:
  Variable(const char* name, std::optional<std::string> value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    set(value);
  }
  ~Variable() { set(before_); }

 private:
  void set(const std::optional<std::string>& value) {
    value ? ::setenv(name_, value->c_str(), 1) : ::unsetenv(name_);
  }
  const char* name_;
  std::optional<std::string> before_;
};

TEST_CASE("colours are for terminals that show them, unless NO_COLOR says no") {
  const UniqueFd terminal(::open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC));
  REQUIRE(terminal);
  const UniqueFd nothing(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  const Variable usual("TERM", "xterm");
  const Variable unset("NO_COLOR", std::nullopt);
  CHECK(shows_colours(terminal.get()));
  CHECK_FALSE(shows_colours(nothing.get()));
  for (const std::optional<std::string>& poor : {std::optional<std::string>("dumb"), {""}, {}}) {
    const Variable term("TERM", poor);
    CHECK_FALSE(shows_colours(terminal.get()));
  }
  const Variable empty("NO_COLOR", "");
  CHECK(shows_colours(terminal.get()));
  const Variable wish("NO_COLOR", "1");
  CHECK_FALSE(shows_colours(terminal.get()));
}

TEST_CASE("the locale says whether there is more than ASCII") {
  const Variable language("LANG", "C");
  const Variable type("LC_CTYPE", std::nullopt);
  for (const char* ascii : {"C", "POSIX", "nosuch_NOSUCH"}) {
    const Variable all("LC_ALL", ascii);
    CHECK_FALSE(shows_utf8());
  }
  const Variable all("LC_ALL", "C.UTF-8");
  CHECK(shows_utf8());
}

}  // namespace
}  // namespace reactord
