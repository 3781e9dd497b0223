// SPDX-License-Identifier: MIT
// Connections to a server that a test plays: each attempt succeeds or fails when the test says so,
// and each connection has a script.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "daemon/outgoing/connector.h"
#include "tests/unit/support/scripted_stream.h"

namespace reactord::test {

/// What the connector that is handed out does; outlives it.
struct ConnectionScript {
  int attempts = 0;
  std::function<void(ConnectOutcome)> done;  ///< of the attempt under way
  std::deque<StreamScript> connections;      ///< the last one is the newest
  int next_fd = 1000;

  [[nodiscard]] bool is_trying() const { return done != nullptr; }
  void succeed() {
    connections.emplace_back().fd = next_fd++;
    std::exchange(done, nullptr)({std::make_unique<ScriptedStream>(connections.back()), ""});
  }
  void fail(std::string problem = "cannot connect: nobody there") {
    std::exchange(done, nullptr)({nullptr, std::move(problem)});
  }
};

class ScriptedConnector final : public Connector {
 public:
  explicit ScriptedConnector(ConnectionScript& script) : script_(script) {}
  ~ScriptedConnector() override { script_.done = nullptr; }
  void connect(std::function<void(ConnectOutcome)> done) override {
    ++script_.attempts;
    script_.done = std::move(done);
  }
  void cancel() override { script_.done = nullptr; }

 private:
  ConnectionScript& script_;
};

}  // namespace reactord::test
