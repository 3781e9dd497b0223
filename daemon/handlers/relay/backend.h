// SPDX-License-Identifier: MIT
// One server that requests are passed on to: its connections, whether it is asked at all (its
// circuit), and its health. Knows neither commands nor clients.
//
// There is a connection for clients that speak RESP2, and one for those that speak RESP3, opened
// when the first of them asks: each client gets the very bytes that the server would have sent to
// it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "daemon/handlers/relay/circuit.h"
#include "daemon/handlers/relay/relay_settings.h"
#include "daemon/interface/service.h"
#include "daemon/outgoing/resp_client.h"

namespace reactord {

class Backend {
 public:
  /// A request on its way. `number` 0: none.
  struct Ticket {
    std::uint64_t number = 0;
    bool is_resp3 = false;
  };

  /// Throws std::invalid_argument for an address that is none. `service` outlives it.
  Backend(Service& service, std::shared_ptr<const RelaySettings> settings,
          const std::string& address);

  [[nodiscard]] const std::string& name() const { return name_; }
  /// It would be made the same with these settings.
  [[nodiscard]] bool is_as_in(const RelaySettings& settings) const;
  /// It may be asked.
  [[nodiscard]] bool is_usable() const { return circuit_.is_closed() && resp2_.is_available(); }
  /// Why it is not, for people.
  [[nodiscard]] std::string_view problem() const { return problem_; }
  [[nodiscard]] std::size_t pending() const;
  /// So much waits for it that each client should have no more than one request under way.
  [[nodiscard]] bool is_congested() const;

  /// As RespClient::request().
  [[nodiscard]] Ticket send(std::span<const std::string_view> words, bool is_resp3,
                            RespCallback callback);
  void cancel(Ticket ticket);
  /// It will be asked no more, and answers what it has got.
  void retire();
  /// What became of a request, for the circuit.
  void note(const RespResult& result);

  struct Figures {
    bool is_connected;
    bool is_circuit_closed;
    std::size_t pending;
    std::size_t pending_bytes;
    std::uint64_t circuit_openings;
    RespClient::Counters counters;  ///< of both connections
  };
  [[nodiscard]] Figures figures() const;

 private:
  [[nodiscard]] RespClientSettings client_settings(int protocol) const;
  [[nodiscard]] RespClient& client(bool is_resp3);
  /// Of the connection with which RESP version.
  void on_state(int protocol, bool is_connected, std::string_view why);
  void count_failure();
  void check_health();
  void probe_after(std::chrono::milliseconds delay);
  void probe();
  void on_probe(bool is_answered);

  Service& service_;
  std::shared_ptr<const RelaySettings> settings_;
  std::string name_;
  std::string problem_;
  Circuit circuit_;
  RespClient resp2_;
  std::unique_ptr<RespClient> resp3_;  ///< null until a client needs it
  std::unique_ptr<Timer> health_timer_;
  std::unique_ptr<Timer> probe_timer_;
  bool is_ping_under_way_ = false;
  std::array<bool, 4> is_told_away_{};  ///< by RESP version: that there is no connection
};

}  // namespace reactord
