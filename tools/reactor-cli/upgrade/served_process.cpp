// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/upgrade/served_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string_view>
#include <system_error>

namespace reactord::cli {
namespace {

namespace fs = std::filesystem;

std::string place(pid_t process, std::string_view name) {
  return fmt::format("/proc/{}/{}", process, name);
}

[[noreturn]] void cannot_look(pid_t process, const std::string& why) {
  throw std::runtime_error(
      fmt::format("cannot look at process {}: {}; it takes the daemon's user or root, on the same "
                  "machine",
                  process, why));
}

std::string link_of(pid_t process, std::string_view name) {
  std::error_code problem;
  const fs::path target = fs::read_symlink(place(process, name), problem);
  if (problem) cannot_look(process, problem.message());
  return target.string();
}

/// Words that end with a NUL each.
std::vector<std::string> words_of(pid_t process, std::string_view name) {
  std::ifstream file(place(process, name), std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(file), {});
  if (!file || bytes.empty()) cannot_look(process, "it is not shown");
  std::vector<std::string> words;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t end = std::min(bytes.find('\0', at), bytes.size());
    words.push_back(bytes.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

/// An upgrade has put another file in its place.
std::string without_deleted(std::string path) {
  constexpr std::string_view kDeleted = " (deleted)";
  if (path.ends_with(kDeleted)) path.resize(path.size() - kDeleted.size());
  return path;
}

std::vector<std::string> without_take_over(std::vector<std::string> arguments) {
  for (auto at = arguments.begin(); at != arguments.end();) {
    if (*at == "--take-over" && std::next(at) != arguments.end())
      at = arguments.erase(at, at + 2);
    else if (at->starts_with("--take-over="))
      at = arguments.erase(at);
    else
      ++at;
  }
  return arguments;
}

/// systemd.exec(5): $SYSTEMD_EXEC_PID is that of the process which systemd has started itself.
void find_unit(ServedProcess& process) {
  const std::string wanted = fmt::format("SYSTEMD_EXEC_PID={}", process.id);
  const auto& environment = process.environment;
  if (std::find(environment.begin(), environment.end(), wanted) == environment.end()) return;
  std::ifstream file(place(process.id, "cgroup"));
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("0::") && line.find(":name=systemd:") == std::string::npos) continue;
    process.unit = line.substr(line.rfind('/') + 1);
    process.is_of_user = line.find("/user@") != std::string::npos;
  }
}

std::vector<char*> pointers_to(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

[[noreturn]] void fail(const std::string& what, int error) {
  throw std::system_error(error, std::generic_category(), what);
}

/// posix_spawn(3)'s two objects.
class Spawning {
 public:
  Spawning() {
    if (::posix_spawn_file_actions_init(&actions_) != 0) throw std::bad_alloc();
    if (::posix_spawnattr_init(&attributes_) != 0) throw std::bad_alloc();
  }
  Spawning(const Spawning&) = delete;
  Spawning& operator=(const Spawning&) = delete;
  ~Spawning() {
    ::posix_spawnattr_destroy(&attributes_);
    ::posix_spawn_file_actions_destroy(&actions_);
  }

  /// Where that cannot be opened (a socket of the journal, for one) it is ours.
  void write_where(const std::string& path, int as) {
    const int probe = ::open(path.c_str(), O_WRONLY | O_APPEND | O_NOCTTY | O_CLOEXEC);
    if (probe < 0) return;
    ::close(probe);
    check(::posix_spawn_file_actions_addopen(&actions_, as, path.c_str(),
                                             O_WRONLY | O_APPEND | O_NOCTTY, 0));
  }
  void use_nothing_as(int fd) {
    check(::posix_spawn_file_actions_addopen(&actions_, fd, "/dev/null", O_RDWR, 0));
  }
  void change_folder(const std::string& folder) {
    check(::posix_spawn_file_actions_addchdir_np(&actions_, folder.c_str()));
  }
  void begin_session() { check(::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSID)); }

  [[nodiscard]] pid_t start(const std::string& program, std::vector<std::string> words,
                            std::vector<std::string> environment) const {
    pid_t process = 0;
    const int problem = ::posix_spawnp(&process, program.c_str(), &actions_, &attributes_,
                                       pointers_to(words).data(), pointers_to(environment).data());
    if (problem != 0) fail("cannot start " + program, problem);
    return process;
  }

 private:
  static void check(int problem) {
    if (problem != 0) fail("posix_spawn", problem);
  }

  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

int as_in_the_shell(int status) {
  constexpr int kSignals = 128;
  return WIFEXITED(status) ? WEXITSTATUS(status) : kSignals + WTERMSIG(status);
}

}  // namespace

ServedProcess look_at(pid_t process) {
  ServedProcess found;
  found.id = process;
  found.program = without_deleted(link_of(process, "exe"));
  found.folder = link_of(process, "cwd");
  found.arguments = words_of(process, "cmdline");
  found.arguments.erase(found.arguments.begin());
  found.arguments = without_take_over(std::move(found.arguments));
  found.environment = words_of(process, "environ");
  find_unit(found);
  return found;
}

pid_t start_like(const ServedProcess& like, const std::string& program,
                 const std::vector<std::string>& arguments, Stays stays) {
  Spawning spawning;
  spawning.change_folder(like.folder);
  spawning.use_nothing_as(STDIN_FILENO);
  if (stays == Stays::no) {
    spawning.use_nothing_as(STDOUT_FILENO);
  } else {
    spawning.begin_session();
    for (const int fd : {STDOUT_FILENO, STDERR_FILENO})
      spawning.write_where(place(like.id, fmt::format("fd/{}", fd)), fd);
  }
  std::vector<std::string> words{program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return spawning.start(program, std::move(words), like.environment);
}

std::optional<int> status_of(pid_t child) {
  int status = 0;
  const pid_t ended = ::waitpid(child, &status, WNOHANG);
  return ended == child ? std::optional(as_in_the_shell(status)) : std::nullopt;
}

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) fail("waitpid", errno);
  return as_in_the_shell(status);
}

}  // namespace reactord::cli
