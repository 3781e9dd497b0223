// SPDX-License-Identifier: MIT
#include "daemon/dump/dump_file.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/unit/support/temporary_folder.h"

namespace reactord {
namespace {

std::string content_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::size_t files_in(const std::string& folder) {
  const std::filesystem::directory_iterator files(folder);
  return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

TEST_CASE("a dump's file: whole, and the user's alone") {
  const TemporaryFolder folder;
  const std::string place = folder / "";
  const ::mode_t before = ::umask(0);
  CHECK(write_dump(place, std::string(100'000, 'x')) == "");
  ::umask(before);
  struct stat status {};
  REQUIRE(::stat(dump_path(place, 1).c_str(), &status) == 0);
  CHECK((status.st_mode & 0777u) == 0600u);
  CHECK(content_of(dump_path(place, 1)) == std::string(100'000, 'x'));
  CHECK(files_in(place) == 1);
}

TEST_CASE("a dump's file: the newest eight") {
  const TemporaryFolder folder;
  const std::string place = folder / "";
  for (int i = 0; i < 10; ++i) CHECK(write_dump(place, std::to_string(i)) == "");
  CHECK(content_of(dump_path(place, 1)) == "9");
  CHECK(content_of(dump_path(place, 8)) == "2");
  CHECK(files_in(place) == 8);
}

TEST_CASE("a dump's file: what others have put there is not followed") {
  const TemporaryFolder folder;
  const std::string place = folder / "";
  const std::string precious = folder.file("precious", "kept");
  std::filesystem::create_symlink(precious, dump_path(place, 1));
  std::filesystem::create_symlink(precious,
                                  place + "/.reactord-dump." + std::to_string(::getpid()));
  CHECK(write_dump(place, "dump") == "");
  CHECK(content_of(precious) == "kept");
  CHECK(content_of(dump_path(place, 1)) == "dump");
  CHECK_FALSE(std::filesystem::is_symlink(dump_path(place, 1)));
}

TEST_CASE("a dump's file: where it cannot be written, why") {
  CHECK(write_dump("/nonexistent", "dump") == "No such file or directory");
  CHECK(write_dump("/proc", "dump") != "");
  const TemporaryFolder folder;
  for (int age = 1; age <= kMaxDumps; ++age)
    std::filesystem::create_directories(dump_path(folder / "", age) + "/in the way");
  CHECK(write_dump(folder / "", "dump") == "Is a directory");
  CHECK(files_in(folder / "") == kMaxDumps);
}

TEST_CASE("a dump's folder is the first that the service manager gives") {
  for (const char* name : {"LOGS_DIRECTORY", "STATE_DIRECTORY", "RUNTIME_DIRECTORY", "TMPDIR"})
    ::unsetenv(name);
  CHECK(dump_folder() == "/tmp");
  ::setenv("TMPDIR", "relative", 1);
  CHECK(dump_folder() == "/tmp");
  ::setenv("TMPDIR", "/var/tmp", 1);
  CHECK(dump_folder() == "/var/tmp");
  ::setenv("RUNTIME_DIRECTORY", "/run/a", 1);
  CHECK(dump_folder() == "/run/a");
  ::setenv("STATE_DIRECTORY", "/var/lib/a:/var/lib/b", 1);
  CHECK(dump_folder() == "/var/lib/a");
  ::setenv("LOGS_DIRECTORY", "/var/log/a", 1);
  CHECK(dump_folder() == "/var/log/a");
  for (const char* name : {"LOGS_DIRECTORY", "STATE_DIRECTORY", "RUNTIME_DIRECTORY", "TMPDIR"})
    ::unsetenv(name);
}

}  // namespace
}  // namespace reactord
