// SPDX-License-Identifier: MIT
// Configuration files: what is no file, what may not be read, and how long one may be.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "config/toml/loader.h"
#include "tests/unit/config/config_fixtures.h"
#include "tests/unit/support/temporary_folder.h"

namespace reactord {
namespace {

using test::handlers;

std::string file_problems(const std::string& path) {
  return test::text_of(load_config(path, handlers()).problems);
}

TEST_CASE("files that are no configuration") {
  const TemporaryFolder folder;
  CHECK_EQ(file_problems(folder / "missing.toml"),
           "0:0: cannot be opened: No such file or directory; check its path, or: "
           "reactord --print-config > FILE writes one to start from");
  CHECK_EQ(file_problems(folder / ""), "0:0: is a directory, not a file");
  REQUIRE_EQ(::mkfifo((folder / "fifo").c_str(), 0600), 0);
  CHECK_EQ(file_problems(folder / "fifo"), "0:0: is not a regular file");
  CHECK_EQ(file_problems("/dev/null"), "0:0: is not a regular file");
  CHECK_EQ(file_problems(std::string("a\0b", 3)), "0:0: cannot be opened: its path has a NUL byte");
  CHECK_EQ(file_problems(folder.file("10mib.toml", std::string(10u << 20, '#'))),
           "0:0: is larger than 1048576 bytes");
  CHECK_EQ(file_problems(folder.file("latin1.toml", "# ok\n# caf\xe9\n")),
           "2:6: the byte 0xe9 is not UTF-8");
}

TEST_CASE("a file that may not be read") {
  const TemporaryFolder folder;
  const std::string path = folder.file("secret.toml", "");
  REQUIRE_EQ(::chmod(path.c_str(), 0), 0);
  const ::uid_t before = ::geteuid();
  if (before == 0) REQUIRE_EQ(::seteuid(65534), 0);  // root may read everything
  const std::string found = file_problems(path);
  const ::uid_t reader = ::geteuid();
  REQUIRE_EQ(::seteuid(before), 0);
  CHECK_EQ(found, "0:0: cannot be opened: Permission denied; let user " + std::to_string(reader) +
                      " read it, and enter its folders");
}

TEST_CASE("files up to the limit are read whole") {
  const TemporaryFolder folder;
  CHECK_EQ(file_problems(folder.file("empty.toml", "")), "");
  std::string longest = "[server]\nmax_connections = 5\n";
  longest += "#" + std::string(kMaxConfigFileBytes - longest.size() - 1, 'x');
  const LoadedConfig loaded = load_config(folder.file("longest.toml", longest), handlers());
  CHECK(loaded.ok());
  CHECK_EQ(loaded.config.server.max_connections, 5);
  CHECK_EQ(file_problems(folder.file("longer.toml", longest + "x")),
           "0:0: is larger than 1048576 bytes");
}

}  // namespace
}  // namespace reactord
