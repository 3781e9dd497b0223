// SPDX-License-Identifier: MIT
// A whole server on loopback, port 0, in a thread of the test's process; and a blocking client to
// it.
#pragma once

#include <csignal>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/interface/handler_entry.h"
#include "daemon/net/socket_address.h"
#include "daemon/reactor/unique_fd.h"

namespace reactord::test {

class RunningServer {
 public:
  /// A reload reads `file`; without one it finds the defaults.
  explicit RunningServer(std::vector<HandlerEntry> handlers, const std::string& toml = {},
                         const std::string& file = {});
  ~RunningServer();

  void signal(int number);
  void stop();
  void join();
  [[nodiscard]] SocketAddress address() const;
  [[nodiscard]] std::string log() const;
  /// Whether the log tells it, now or in a moment: a thread of its own writes it.
  [[nodiscard]] bool logs(std::string_view text) const;

 private:
  /// Kept out of this header: what a server is made of takes long to compile.
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

class TestClient {
 public:
  explicit TestClient(const RunningServer& server, int receive_buffer_bytes = 0);

  void send(std::string_view bytes);
  /// Reads until `bytes` many have come, or the end.
  std::string read(std::size_t bytes);
  std::string read_to_end();
  std::string read_line();
  std::string ask(std::string_view line);
  void finish_sending();
  void reset();

 private:
  /// Whether more was received; false at the end. Throws if neither comes in time.
  bool receive();
  std::string take(std::size_t bytes);

  UniqueFd fd_;
  std::string received_;  ///< and not yet asked for
};

}  // namespace reactord::test
