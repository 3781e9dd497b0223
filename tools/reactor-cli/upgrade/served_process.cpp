// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/upgrade/served_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <new>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <thread>

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

/// One of the lines "NAME: VALUE" of a file about it.
std::string line_of(pid_t process, std::string_view name, std::string_view label) {
  std::ifstream file(place(process, name));
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(label)) return line.substr(label.size());
  cannot_look(process, fmt::format("{} is not shown", name));
}

std::uint64_t first_number(const std::string& text, int base = 10) {
  return std::strtoull(text.c_str(), nullptr, base);
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
    const std::string unit = line.substr(line.rfind('/') + 1);
    if (unit.ends_with(".service")) process.unit = unit;
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

  /// A socket (of the journal, for one) cannot be opened anew.
  void write_where(const std::string& path, int as) {
    const int probe = ::open(path.c_str(), O_WRONLY | O_APPEND | O_NOCTTY | O_CLOEXEC);
    if (probe < 0)
      throw std::runtime_error(fmt::format(
          "the daemon's output cannot be opened by another process ({}: {}); start one by hand: "
          "reactord --take-over",
          path, std::strerror(errno)));
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

/// By the name that it was called by, so that a link may lead to another program by now; else the
/// file that it runs.
std::string program_of(const ServedProcess& process, const std::string& called) {
  const fs::path by_name = fs::path(process.folder) / called;
  if (called.find('/') != std::string::npos && ::access(by_name.c_str(), X_OK) == 0)
    return by_name.string();
  return without_deleted(link_of(process.id, "exe"));
}

/// They are those of what we start. Throws std::runtime_error.
void take_limits_of(const ServedProcess& like) {
  ::umask(like.file_mask);
  rlimit ours{};
  if (::getrlimit(RLIMIT_NOFILE, &ours) != 0) fail("getrlimit", errno);
  if (ours.rlim_max < like.open_files)
    throw std::runtime_error(
        fmt::format("the daemon may have {} files open, and what is started here {}: ulimit -Hn {}",
                    like.open_files, ours.rlim_max, like.open_files));
  ours.rlim_cur = ours.rlim_max = like.open_files;
  if (::setrlimit(RLIMIT_NOFILE, &ours) != 0) fail("setrlimit", errno);
}

int as_in_the_shell(int status) {
  constexpr int kSignals = 128;
  return WIFEXITED(status) ? WEXITSTATUS(status) : kSignals + WTERMSIG(status);
}

}  // namespace

ServedProcess look_at(pid_t process) {
  ServedProcess found;
  found.id = process;
  found.folder = link_of(process, "cwd");
  found.arguments = words_of(process, "cmdline");
  found.program = program_of(found, found.arguments.front());
  found.arguments.erase(found.arguments.begin());
  found.arguments = without_take_over(std::move(found.arguments));
  found.environment = words_of(process, "environ");
  find_unit(found);
  found.user = static_cast<uid_t>(first_number(line_of(process, "status", "Uid:\t")));
  found.file_mask = static_cast<mode_t>(first_number(line_of(process, "status", "Umask:\t"), 8));
  std::istringstream limits(line_of(process, "limits", "Max open files"));
  std::uint64_t soft = 0;
  if (!(limits >> soft >> found.open_files)) cannot_look(process, "its limits are not numbers");
  return found;
}

bool holds_socket(pid_t process, const std::string& path) {
  std::vector<std::string> sockets;  // "socket:[INODE]"
  std::ifstream table("/proc/net/unix");
  for (std::string line; std::getline(table, line);) {
    // "Num RefCount Protocol Flags Type St Inode Path"
    std::istringstream words(line);
    std::string skipped;
    std::string inode;
    std::string at;
    for (int i = 0; i < 6; ++i) words >> skipped;
    words >> inode >> at;
    if (at == path) sockets.push_back(fmt::format("socket:[{}]", inode));
  }
  std::error_code problem;
  for (const fs::directory_entry& each : fs::directory_iterator(place(process, "fd"), problem)) {
    const std::string target = fs::read_symlink(each.path(), problem).string();
    if (std::find(sockets.begin(), sockets.end(), target) != sockets.end()) return true;
  }
  return false;
}

pid_t start_like(const ServedProcess& like, const std::vector<std::string>& arguments,
                 Stays stays) {
  take_limits_of(like);
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
  std::vector<std::string> words{like.program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return spawning.start(like.program, std::move(words), like.environment);
}

pid_t start_systemctl(const std::vector<std::string>& arguments) {
  Spawning spawning;
  spawning.use_nothing_as(STDIN_FILENO);
  spawning.use_nothing_as(STDOUT_FILENO);
  std::vector<std::string> words{"systemctl"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> environment;
  for (char** each = environ; *each != nullptr; ++each) environment.emplace_back(*each);
  return spawning.start("systemctl", std::move(words), std::move(environment));
}

std::optional<int> status_of(pid_t child) {
  int status = 0;
  const pid_t ended = ::waitpid(child, &status, WNOHANG);
  return ended == child ? std::optional(as_in_the_shell(status)) : std::nullopt;
}

int wait_for(pid_t child, std::chrono::milliseconds most) {
  constexpr std::chrono::milliseconds kGlance{5};
  const auto end = std::chrono::steady_clock::now() + most;
  while (std::chrono::steady_clock::now() < end) {
    if (const std::optional<int> status = status_of(child)) return *status;
    std::this_thread::sleep_for(kGlance);
  }
  ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) fail("waitpid", errno);
  return as_in_the_shell(status);
}

}  // namespace reactord::cli
