// SPDX-License-Identifier: MIT
// A RespClient and the server that it speaks to, both in a test's hand: no socket, no clock.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/outgoing/resp_client.h"
#include "daemon/testing/fake_service.h"
#include "tests/unit/support/scripted_connector.h"

namespace reactord::test {

using namespace std::chrono_literals;

inline RespClientSettings bench_settings() {
  return {.address = "test:1",
          .connect_timeout = 1000ms,
          .reply_timeout = 200ms,
          .least_back_off = 100ms,
          .most_back_off = 1000ms};
}

struct RespClientBench {
  explicit RespClientBench(const RespClientSettings& settings = bench_settings())
      : client(std::make_unique<RespClient>(service, settings,
                                            std::make_unique<ScriptedConnector>(script),
                                            [this] { return random; })) {
    client->on_state([this](bool is_connected, std::string_view why) {
      states.push_back(is_connected ? "connected" : std::string(why));
    });
  }

  /// The timer that begins an attempt, and its success.
  void connect() {
    service.advance(0ms);
    while (!script.is_trying()) REQUIRE(service.run_timer());
    script.succeed();
    turn();
  }
  /// The end of a turn of the loop: what was asked for is sent.
  void turn() { service.run_woken(); }

  /// Asks; what comes of it is noted as "NAME: +OK\r\n" or "NAME: lost".
  std::uint64_t ask(const std::string& name) {
    const std::string_view words[] = {"GET", name};
    return client->request(words, [this, name](const RespResult& result) { note(name, result); });
  }
  void note(const std::string& name, const RespResult& result) {
    constexpr std::string_view kNames[] = {"replied", "timed_out", "lost", "unavailable"};
    const bool replied = result.status == RespResult::Status::replied;
    CHECK_EQ(replied, result.problem.empty());
    results.push_back(
        name + ": " + (result.is_error ? "error " : "") +
        std::string(replied ? result.bytes : kNames[static_cast<std::size_t>(result.status)]));
    problem = result.problem;
  }

  [[nodiscard]] StreamScript& stream() { return script.connections.back(); }
  /// The server sends, and the loop tells.
  void receive(std::string_view bytes) {
    stream().input.emplace_back(bytes);
    tell();
  }
  void tell() { service.fire(stream().fd, {.readable = true}); }
  /// What the server has received since the last call.
  [[nodiscard]] std::string sent() { return std::exchange(stream().sent, ""); }
  /// What has come of requests since the last call.
  [[nodiscard]] std::vector<std::string> taken() { return std::exchange(results, {}); }

  FakeService service;
  ConnectionScript script;
  double random = 0;  ///< the pauses are halved
  std::vector<std::string> results;
  std::vector<std::string> states;
  std::string problem;  ///< of the last request without a reply
  std::unique_ptr<RespClient> client;
};

/// A request of ask(), as it is sent.
inline std::string get(std::string_view name) {
  return "*2\r\n$3\r\nGET\r\n$" + std::to_string(name.size()) + "\r\n" + std::string(name) + "\r\n";
}

using Results = std::vector<std::string>;

}  // namespace reactord::test
