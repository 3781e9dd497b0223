// SPDX-License-Identifier: MIT
// The daemon as handlers see it, without one: a service whose clients, settings and statistics a
// test sets, and which records what it is asked for.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/interface/diagnostics.h"
#include "daemon/interface/logins.h"
#include "daemon/testing/fake_background.h"

namespace reactord::test {

/// Users as the test sets them. Each login is answered at once, but where the test wants it later.
class FakeLogins : public Logins {
 public:
  std::map<std::string, std::string, std::less<>> passwords;  ///< by user
  bool is_busy = false;
  std::string limit;     ///< the error of right passwords, if not ""
  bool is_late = false;  ///< the results come with finish()
  std::vector<std::uint64_t> begun_again;

  [[nodiscard]] std::optional<LoginOutcome> log_in(std::uint64_t client, std::string_view user,
                                                   std::string_view password, Told told) override;
  /// Tells the results that are late; `session` is the client's.
  void finish(Session& session);
  void begin_again(std::uint64_t client) override { begun_again.push_back(client); }
  [[nodiscard]] bool has_default_password() const override { return passwords.contains("default"); }
  [[nodiscard]] std::vector<std::string> names() const override;
  [[nodiscard]] std::vector<std::string> rules() const override;

 private:
  std::vector<std::pair<LoginOutcome, Told>> late_;
};

/// What is on record is what the test puts there.
class FakeDiagnostics : public Diagnostics {
 public:
  std::vector<CommandLatency> latencies;
  SlowTurns turns;

  bool next_latency(std::size_t& cursor, CommandLatency& latency) const override;
  [[nodiscard]] const SlowTurns& slow_turns() const override { return turns; }
  void forget_slow_turns() override { turns = {}; }

  SlowRequests requests;  ///< newest first
  [[nodiscard]] SlowRequests slow_requests(std::size_t most) const override {
    return {requests.begin(),
            requests.begin() + static_cast<std::ptrdiff_t>(std::min(most, requests.size()))};
  }
  [[nodiscard]] std::size_t slow_request_count() const override { return requests.size(); }
  void forget_slow_requests() override { requests.clear(); }

  std::size_t watchers = 0;
  RequestsTold told;
  void watch_requests(std::size_t number, RequestsTold watcher) override {
    watchers = number;
    told = std::move(watcher);
  }

  mutable std::vector<std::string> dumps;  ///< who has asked for one; each is "{}", in two parts
  [[nodiscard]] std::unique_ptr<StateDump> begin_dump(std::string_view why) const override;
};

class FakeService : public FakeBackground {
 public:
  FakeLogins fake_logins;
  [[nodiscard]] Logins& logins() override { return fake_logins; }
  FakeDiagnostics fake_diagnostics;
  [[nodiscard]] Diagnostics& diagnostics() override { return fake_diagnostics; }
  std::vector<ClientFacts> clients;
  std::vector<const CommandSpec*> known_commands;
  std::vector<Setting> known_settings;
  std::vector<std::string_view> sections;
  std::map<std::string, std::vector<InfoField>, std::less<>> fields;
  std::vector<std::uint64_t> killed;
  mutable std::size_t clients_walked = 0;

  void log(HandlerLogLevel, std::string_view, std::string_view message) override {
    logged.emplace_back(message);
  }
  std::vector<std::string> logged;

  [[nodiscard]] std::span<const CommandSpec* const> commands() const override {
    return known_commands;
  }
  [[nodiscard]] std::span<const Setting> settings() const override { return known_settings; }
  [[nodiscard]] std::span<const std::string_view> info_sections() const override {
    return sections;
  }
  void append_info(std::string_view section, std::vector<InfoField>& out) const override;

  bool next_client(std::uint32_t& cursor, ClientFacts& facts) const override;
  bool kill_client(std::uint64_t id) override;

  std::string level = "info";
  std::string level_problem;       ///< what set_log_level() answers
  ReloadOutcome reload_outcome;    ///< what reload() answers
  std::string hand_over_problem;   ///< what hand_over() answers
  std::vector<std::string> asked;  ///< of the daemon itself, and by whom

  [[nodiscard]] std::string log_level() const override { return level; }
  [[nodiscard]] std::string set_log_level(std::string_view wanted, std::string_view who) override;
  std::int64_t sample = 0;
  [[nodiscard]] std::int64_t access_sample() const override { return sample; }
  [[nodiscard]] std::string set_access_sample(std::int64_t one_in, std::string_view who) override;
  std::vector<std::string> levels;
  [[nodiscard]] std::span<const std::string> log_levels() const override { return levels; }
  [[nodiscard]] std::string set_log_levels(std::vector<std::string> rules,
                                           std::string_view who) override;
  void reload(std::string_view who, std::function<void(const ReloadOutcome&)> answer) override;
  bool draining = false;
  [[nodiscard]] bool is_draining() const override { return draining; }
  void set_draining(bool is_draining, std::string_view who) override;
  void pause_clients(std::chrono::milliseconds length, std::string_view who) override;
  void resume_clients(std::string_view who) override;
  std::string hand_over(std::uint64_t client, std::int64_t format, std::string_view who) override;
  void shut_down(std::string_view who) override;
};

}  // namespace reactord::test
