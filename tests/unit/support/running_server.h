// SPDX-License-Identifier: MIT
// A whole server on loopback, port 0, in a thread of the test's process; and a blocking client to
// it.
#pragma once

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "config/toml/loader.h"
#include "daemon/process/server.h"
#include "tests/unit/support/temporary_folder.h"

namespace reactord::test {

class RunningServer {
 public:
  explicit RunningServer(std::vector<HandlerEntry> handlers, const std::string& toml = {})
      : handlers_(std::move(handlers)),
        source_("", {any_port()}),
        events_(clock_, log_settings(folder_ / "log")),
        server_(clock_, events_, signals_, config_of(toml), source_, handlers_) {
    if (!server_.start({})) throw std::runtime_error("the server did not start: " + log());
    address_ = server_.addresses().front();
    thread_ = std::thread([this] { server_.run(); });
  }
  ~RunningServer() { stop(); }

  void signal(int number) { ::kill(::getpid(), number); }
  void stop() {
    if (!thread_.joinable()) return;
    signal(SIGTERM);
    thread_.join();
  }
  void join() { thread_.join(); }
  [[nodiscard]] SocketAddress address() const { return address_; }
  [[nodiscard]] std::string log() const {
    std::ifstream file(folder_ / "log");
    return {std::istreambuf_iterator<char>(file), {}};
  }
  /// Whether the log tells it, now or in a moment: a thread of its own writes it.
  [[nodiscard]] bool logs(std::string_view text) const {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (log().find(text) == std::string::npos) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
  }

 private:
  static LogSettings log_settings(const std::string& path) {
    LogSettings settings;
    settings.level = LogLevel::debug;
    settings.target = path;
    return settings;
  }

  static Endpoint any_port() {
    return {.kind = Endpoint::Kind::ipv4, .ip = {127, 0, 0, 1}, .port = 0, .path = {}};
  }

  [[nodiscard]] Config config_of(const std::string& toml) const {
    std::vector<HandlerTableSpec> tables;
    for (const HandlerEntry& entry : handlers_) tables.push_back(entry.table);
    LoadedConfig loaded = parse_config(toml, tables);
    if (!loaded.ok()) throw std::runtime_error(loaded.problems.front().message);
    if (toml.find("[[listener]]") == std::string::npos) {
      loaded.config.listeners.front().addresses = {any_port()};
    }
    return std::move(loaded.config);
  }

  TemporaryFolder folder_;
  const SteadyClock clock_;
  std::vector<HandlerEntry> handlers_;
  ConfigSource source_;
  SignalWatch signals_{SIGTERM, SIGHUP};
  EventLog events_;
  Server server_;
  SocketAddress address_;
  std::thread thread_;
};

class TestClient {
 public:
  explicit TestClient(const RunningServer& server, int receive_buffer_bytes = 0)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer_bytes > 0)
      ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof(int));
    const SocketAddress address = server.address();
    if (::connect(fd_.get(), address.data(), address.size()) != 0)
      throw std::runtime_error("connect failed");
  }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) throw std::runtime_error("send failed");
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  /// Reads until `bytes` many have come, or the end.
  std::string read(std::size_t bytes) {
    std::string got;
    char chunk[4096];
    while (got.size() < bytes) {
      if (!is_readable(kPatience)) throw std::runtime_error("no reply in time, but: " + got);
      const ssize_t n = ::recv(fd_.get(), chunk, std::min(sizeof chunk, bytes - got.size()), 0);
      if (n <= 0) break;
      got.append(chunk, static_cast<std::size_t>(n));
    }
    return got;
  }
  std::string read_to_end() { return read(SIZE_MAX); }
  std::string read_line() {
    std::string line;
    while (!line.ends_with('\n')) {
      const std::string next = read(1);
      if (next.empty()) break;
      line += next;
    }
    return line;
  }
  std::string ask(std::string_view line) {
    send(std::string(line) + "\n");
    return read_line();
  }
  void finish_sending() { ::shutdown(fd_.get(), SHUT_WR); }
  void reset() {
    const linger at_once{1, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    fd_.reset();
  }

 private:
  /// Far beyond what a reply takes: a test fails by it, none waits for it.
  static constexpr int kPatience = 20'000;
  [[nodiscard]] bool is_readable(int milliseconds) const {
    pollfd readable{fd_.get(), POLLIN, 0};
    return ::poll(&readable, 1, milliseconds) == 1;
  }

  UniqueFd fd_;
};

}  // namespace reactord::test
