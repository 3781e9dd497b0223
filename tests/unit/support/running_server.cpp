// SPDX-License-Identifier: MIT
#include "tests/unit/support/running_server.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

#include "config/toml/loader.h"
#include "daemon/server/server.h"
#include "tests/unit/support/temporary_folder.h"

namespace reactord::test {
namespace {

LogSettings log_settings(const std::string& path) {
  LogSettings settings;
  settings.level = LogLevel::debug;
  settings.target = path;
  return settings;
}

Endpoint any_port() {
  return {.kind = Endpoint::Kind::ipv4, .ip = {127, 0, 0, 1}, .port = 0, .path = {}};
}

Config config_of(const std::string& toml, const std::vector<HandlerEntry>& handlers) {
  std::vector<HandlerTableSpec> tables;
  for (const HandlerEntry& entry : handlers) tables.push_back(entry.table);
  LoadedConfig loaded = parse_config(toml, tables);
  if (!loaded.ok()) throw std::runtime_error(loaded.problems.front().message);
  if (toml.find("[[listener]]") == std::string::npos) {
    loaded.config.listeners.front().addresses = {any_port()};
  }
  return std::move(loaded.config);
}

}  // namespace

struct RunningServer::Parts {
  Parts(std::vector<HandlerEntry> entries, const std::string& toml, const std::string& file)
      : handlers(std::move(entries)),
        source(file, file.empty() ? std::vector{any_port()} : std::vector<Endpoint>()),
        events(clock, log_settings(folder / "log")),
        server(clock, events, signals, config_of(toml, handlers), source, handlers) {}

  TemporaryFolder folder;
  const SteadyClock clock;
  std::vector<HandlerEntry> handlers;
  ConfigSource source;
  SignalWatch signals{SIGTERM, SIGHUP};
  EventLog events;
  Server server;
  SocketAddress address;
  std::thread thread;
};

RunningServer::RunningServer(std::vector<HandlerEntry> handlers, const std::string& toml,
                             const std::string& file)
    : parts_(std::make_unique<Parts>(std::move(handlers), toml, file)) {
  if (!parts_->server.start({})) throw std::runtime_error("the server did not start: " + log());
  parts_->address = parts_->server.addresses().front();
  parts_->thread = std::thread([this] { parts_->server.run(); });
}

RunningServer::~RunningServer() {
  stop();
}

void RunningServer::signal(int number) {
  ::kill(::getpid(), number);
}

void RunningServer::stop() {
  if (!parts_->thread.joinable()) return;
  signal(SIGTERM);
  join();
}

void RunningServer::join() {
  parts_->thread.join();
}

SocketAddress RunningServer::address() const {
  return parts_->address;
}

std::string RunningServer::log() const {
  std::ifstream file(parts_->folder / "log");
  return {std::istreambuf_iterator<char>(file), {}};
}

bool RunningServer::logs(std::string_view text) const {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (log().find(text) == std::string::npos) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

TestClient::TestClient(const RunningServer& server, int receive_buffer_bytes)
    : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (receive_buffer_bytes > 0)
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof(int));
  const SocketAddress address = server.address();
  if (::connect(fd_.get(), address.data(), address.size()) != 0)
    throw std::runtime_error("connect failed");
}

void TestClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) throw std::runtime_error("send failed");
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

std::string TestClient::read(std::size_t bytes) {
  while (received_.size() < bytes && receive()) continue;
  return take(std::min(bytes, received_.size()));
}

std::string TestClient::read_to_end() {
  return read(SIZE_MAX);
}

std::string TestClient::read_line() {
  std::size_t end = received_.find('\n');
  while (end == std::string::npos) {
    const std::size_t looked_at = received_.size();
    if (!receive()) return take(received_.size());
    end = received_.find('\n', looked_at);
  }
  return take(end + 1);
}

std::string TestClient::ask(std::string_view line) {
  send(std::string(line) + "\n");
  return read_line();
}

void TestClient::finish_sending() {
  ::shutdown(fd_.get(), SHUT_WR);
}

void TestClient::reset() {
  const linger at_once{1, 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  fd_.reset();
}

bool TestClient::receive() {
  // Far beyond what a reply takes: a test fails by it, none waits for it.
  constexpr int kPatienceMilliseconds = 20'000;
  pollfd readable{fd_.get(), POLLIN, 0};
  if (::poll(&readable, 1, kPatienceMilliseconds) != 1)
    throw std::runtime_error("no reply in time, but: " + received_);
  char chunk[4096];
  const ssize_t n = ::recv(fd_.get(), chunk, sizeof chunk, 0);
  if (n <= 0) return false;
  received_.append(chunk, static_cast<std::size_t>(n));
  return true;
}

std::string TestClient::take(std::size_t bytes) {
  std::string taken = received_.substr(0, bytes);
  received_.erase(0, bytes);
  return taken;
}

}  // namespace reactord::test
