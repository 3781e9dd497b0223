// SPDX-License-Identifier: MIT
// Listening at a Unix path: what becomes of a file that is there, who may connect, and the lock.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "daemon/net/listening_socket.h"
#include "daemon/net/path_lock.h"
#include "tests/unit/support/listening.h"
#include "tests/unit/support/sockets.h"
#include "tests/unit/support/temporary_folder.h"

namespace reactord {
namespace {

using test::accept_next;
using test::contains;
using test::listen_on;
using test::must_listen_on;

::mode_t mode_of(const std::string& path) {
  struct stat status {};
  require(::lstat(path.c_str(), &status) == 0, "lstat");
  return status.st_mode & 0777u;
}

/// Leaves the file of a socket behind that nobody listens on, as a crash does.
void leave_stale_socket(const std::string& path) {
  must_listen_on(SocketAddress::unix_path(path));
}

TEST_SUITE("listening_socket: Unix") {
  TEST_CASE("clients reach the path, and the file has its mode from the start") {
    const TemporaryFolder folder;
    const std::string path = folder / "x.sock";
    const ::mode_t umask_before = ::umask(0022);
    ::mode_t mode = 0;
    SUBCASE("the default") {
      mode = 0660;
    }
    SUBCASE("open to all") {
      mode = 0666;
    }
    SUBCASE("the owner's alone") {
      mode = 0600;
    }
    const ListenResult result =
        open_listening_socket(SocketAddress::unix_path(path), {.unix_file = {.mode = mode}});
    const ::mode_t umask_after = ::umask(umask_before);
    REQUIRE(result.status == ListenStatus::ok);
    CHECK(mode_of(path) == mode);
    CHECK(umask_after == 0022);
    CHECK(ListenOptions{}.unix_file.mode == 0660);

    const UniqueFd client = connect_to(SocketAddress::unix_path(path));
    const AcceptResult accepted = accept_next(result.fd.get());
    CHECK(accepted.status == AcceptStatus::accepted);
    CHECK(accepted.peer.to_string() == "unix:");
    CHECK(SocketAddress::local_of(accepted.fd.get()).path() == path);
  }

  TEST_CASE("the file has the group that was asked for") {
    const TemporaryFolder folder;
    const std::string path = folder / "x.sock";
    // root may give it to any group; everybody else to one of their own.
    const ::gid_t group = ::geteuid() == 0 ? 12345 : ::getegid();
    const ListenResult result =
        open_listening_socket(SocketAddress::unix_path(path), {.unix_file = {.group = group}});
    REQUIRE_MESSAGE(result.status == ListenStatus::ok, result.problem);
    struct stat status {};
    REQUIRE(::lstat(path.c_str(), &status) == 0);
    CHECK(status.st_gid == group);
    CHECK(status.st_uid == ::geteuid());
    CHECK(mode_of(path) == 0660);
  }

  TEST_CASE("a group that cannot be had leaves no file behind") {
    const TemporaryFolder folder;
    const std::string path = folder / "x.sock";
    const ::uid_t before = ::geteuid();
    if (before == 0) {
      REQUIRE(::chmod((folder / ".").c_str(), 0777) == 0);
      REQUIRE(::seteuid(65534) == 0);
    }
    const ListenResult result =
        open_listening_socket(SocketAddress::unix_path(path), {.unix_file = {.group = 12345}});
    REQUIRE(::seteuid(before) == 0);
    CHECK(result.status == ListenStatus::failed);
    CHECK(result.problem ==
          "cannot set the group of unix:" + path +
              ": Operation not permitted; run as root or as a member of the group, or choose "
              "another");
    CHECK_FALSE(std::filesystem::exists(path));
  }

  TEST_CASE("a socket that nobody listens on any more is replaced") {
    const TemporaryFolder folder;
    const std::string path = folder / "x.sock";
    leave_stale_socket(path);
    REQUIRE(std::filesystem::is_socket(path));
    const UniqueFd listening = must_listen_on(SocketAddress::unix_path(path));
    CHECK(mode_of(path) == 0660);
    const UniqueFd client = connect_to(SocketAddress::unix_path(path));
    CHECK(accept_next(listening.get()).status == AcceptStatus::accepted);
  }

  TEST_CASE("a live socket is not replaced") {
    const TemporaryFolder folder;
    const SocketAddress address = SocketAddress::unix_path(folder / "x.sock");
    const UniqueFd first = must_listen_on(address);
    const ListenResult second = listen_on(address);
    CHECK(second.status == ListenStatus::failed);
    CHECK(contains(second.problem, "another program listens there"));
    // The first is still the one behind the path. (What looked for life has left one connection.)
    const UniqueFd client = connect_to(address);
    send_text(client.get(), "hello");
    CHECK(accept_next(first.get()).status == AcceptStatus::accepted);
    const AcceptResult accepted = accept_next(first.get());
    CHECK(receive_text(accepted.fd.get()) == "hello");
  }

  TEST_CASE("a live socket whose backlog is full is not replaced") {
    const TemporaryFolder folder;
    const SocketAddress address = SocketAddress::unix_path(folder / "x.sock");
    const ListenResult first = open_listening_socket(address, {.backlog = 0});
    REQUIRE(first.status == ListenStatus::ok);
    const UniqueFd waiting = connect_to(address);  // backlog 0 holds one
    CHECK(listen_on(address).status == ListenStatus::failed);
    CHECK(std::filesystem::is_socket(address.path()));
  }

  TEST_CASE("a datagram socket of somebody else is not replaced") {
    const TemporaryFolder folder;
    const SocketAddress address = SocketAddress::unix_path(folder / "x.sock");
    const UniqueFd other(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    REQUIRE(::bind(other.get(), address.data(), address.size()) == 0);
    CHECK(listen_on(address).status == ListenStatus::failed);
    CHECK(std::filesystem::is_socket(address.path()));
  }

  TEST_CASE("a regular file is never removed, though it refuses connections too") {
    const TemporaryFolder folder;
    const std::string path = folder / "precious";
    std::ofstream(path) << "data";
    const ListenResult result = listen_on(SocketAddress::unix_path(path));
    CHECK(result.status == ListenStatus::failed);
    CHECK(contains(result.problem, "what is there is no socket"));
    std::string text;
    std::getline(std::ifstream(path), text);
    CHECK(text == "data");
  }

  TEST_CASE("neither is a folder, nor a link, even to a stale socket") {
    const TemporaryFolder folder;
    std::filesystem::create_directory(folder / "folder");
    leave_stale_socket(folder / "stale");
    std::filesystem::create_symlink(folder / "stale", folder / "link");
    for (const char* name : {"folder", "link"}) {
      CAPTURE(name);
      CHECK(listen_on(SocketAddress::unix_path(folder / name)).status == ListenStatus::failed);
      CHECK(std::filesystem::exists(std::filesystem::symlink_status(folder / name)));
    }
    CHECK(std::filesystem::is_socket(folder / "stale"));
  }

  TEST_CASE("a folder that does not exist is named as the cure") {
    const TemporaryFolder folder;
    const ListenResult result = listen_on(SocketAddress::unix_path(folder / "none/x.sock"));
    CHECK(result.status == ListenStatus::failed);
    CHECK(contains(result.problem, "create its folder first"));
  }

  TEST_CASE("a folder that may not be written to is named, and who may not") {
    const TemporaryFolder folder;
    const ::uid_t before = ::geteuid();
    if (before == 0) REQUIRE(::seteuid(65534) == 0);
    REQUIRE((before == 0 || ::chmod((folder / ".").c_str(), 0500) == 0));
    const std::string user = std::to_string(::geteuid());
    const ListenResult result = listen_on(SocketAddress::unix_path(folder / "x.sock"));
    REQUIRE(::seteuid(before) == 0);
    CHECK(result.status == ListenStatus::failed);
    CHECK(contains(result.problem, "Permission denied; let user " + user +
                                       " write to its folder, or choose another"));
  }
}

TEST_CASE("of two who open one path at one time the second fails, and takes nothing") {
  const TemporaryFolder folder;
  const std::string path = folder / "s";
  const SocketAddress address = SocketAddress::unix_path(path);
  {
    const PathLock first(path);
    REQUIRE(first.error() == 0);
    // Bound and not listening yet: like one that was left behind.
    const UniqueFd bound(::socket(AF_UNIX, SOCK_STREAM, 0));
    REQUIRE(::bind(bound.get(), address.data(), address.size()) == 0);
    const ListenResult second = open_listening_socket(address, {});
    CHECK(second.status == ListenStatus::failed);
    CHECK(second.problem.find("another program is about to listen there (it holds " + path +
                              ".lock)") != std::string::npos);
    CHECK(std::filesystem::exists(path));
  }
  CHECK_FALSE(std::filesystem::exists(path + ".lock"));
  CHECK(open_listening_socket(address, {}).status == ListenStatus::ok);
  CHECK_FALSE(std::filesystem::exists(path + ".lock"));
}

TEST_CASE("a lock that was left behind locks nobody out, and is nobody's to remove") {
  const TemporaryFolder folder;
  const std::string path = folder / "s";
  std::ofstream(path + ".lock") << "somebody's";
  CHECK(open_listening_socket(SocketAddress::unix_path(path), {}).status == ListenStatus::ok);
  CHECK(std::filesystem::file_size(path + ".lock") == 10);
}

}  // namespace
}  // namespace reactord
