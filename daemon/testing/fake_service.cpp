// SPDX-License-Identifier: MIT
#include "daemon/testing/fake_service.h"

#include <algorithm>

namespace reactord::test {

std::optional<LoginOutcome> FakeLogins::log_in(std::uint64_t, std::string_view user,
                                               std::string_view password, Told told) {
  const auto found = passwords.find(user);
  const bool is_right = found == passwords.end() ? user == "default" : found->second == password;
  LoginOutcome outcome = is_right ? LoginResult::accepted : LoginResult::refused;
  if (is_right && !limit.empty()) outcome = {LoginResult::limited, limit};
  if (is_busy) outcome = LoginResult::busy;
  if (!is_late) return outcome;
  late_.emplace_back(std::move(outcome), std::move(told));
  return std::nullopt;
}

void FakeLogins::finish(Session& session) {
  for (const auto& [outcome, told] : std::exchange(late_, {})) told(outcome, session);
}

std::vector<std::string> FakeLogins::names() const {
  std::vector<std::string> names;
  if (!has_default_password()) names.emplace_back("default");
  for (const auto& [name, password] : passwords) names.push_back(name);
  return names;
}

std::vector<std::string> FakeLogins::rules() const {
  std::vector<std::string> rules;
  for (const std::string& name : names())
    rules.push_back("user " + name + (passwords.contains(name) ? " on" : " on nopass") +
                    " ~* &* +@all");
  return rules;
}

namespace {

class FakeDump : public StateDump {
 public:
  bool write_some() override {
    text_ += text_.empty() ? "{" : "}";
    return text_.size() < 2;
  }
  [[nodiscard]] std::string_view text() const override { return text_; }

 private:
  std::string text_;
};

}  // namespace

std::unique_ptr<StateDump> FakeDiagnostics::begin_dump(std::string_view why) const {
  dumps.emplace_back(why);
  return std::make_unique<FakeDump>();
}

bool FakeDiagnostics::next_latency(std::size_t& cursor, CommandLatency& latency) const {
  if (cursor >= latencies.size()) return false;
  latency = latencies[cursor++];
  return true;
}

void FakeService::append_info(std::string_view section, std::vector<InfoField>& out) const {
  const auto found = fields.find(section);
  if (found == fields.end()) return;
  out.insert(out.end(), found->second.begin(), found->second.end());
}

bool FakeService::next_client(std::uint32_t& cursor, ClientFacts& facts) const {
  if (cursor >= clients.size()) return false;
  facts = clients[cursor++];
  ++clients_walked;
  return true;
}

bool FakeService::kill_client(std::uint64_t id) {
  const bool exists = std::any_of(clients.begin(), clients.end(),
                                  [id](const ClientFacts& client) { return client.id == id; });
  if (exists) killed.push_back(id);
  return exists;
}

std::string FakeService::set_log_level(std::string_view wanted, std::string_view who) {
  asked.push_back("log level " + std::string(wanted) + " by " + std::string(who));
  if (level_problem.empty()) level = wanted;
  return level_problem;
}

std::string FakeService::set_access_sample(std::int64_t one_in, std::string_view who) {
  asked.push_back("access sample " + std::to_string(one_in) + " by " + std::string(who));
  if (level_problem.empty()) sample = one_in;
  return level_problem;
}

std::string FakeService::set_log_levels(std::vector<std::string> rules, std::string_view who) {
  asked.push_back(std::to_string(rules.size()) + " log levels by " + std::string(who));
  if (level_problem.empty()) levels = std::move(rules);
  return level_problem;
}

void FakeService::reload(std::string_view who, std::function<void(const ReloadOutcome&)> answer) {
  asked.push_back("reload by " + std::string(who));
  answer(reload_outcome);
}

void FakeService::set_draining(bool is_draining, std::string_view who) {
  draining = is_draining;
  asked.push_back((is_draining ? "drain on by " : "drain off by ") + std::string(who));
}

void FakeService::pause_clients(std::chrono::milliseconds length, std::string_view who) {
  asked.push_back("pause of " + std::to_string(length.count()) + " ms by " + std::string(who));
}

void FakeService::resume_clients(std::string_view who) {
  asked.push_back("no pause by " + std::string(who));
}

std::string FakeService::hand_over(std::uint64_t client, std::int64_t format,
                                   std::string_view who) {
  asked.push_back("hand over to " + std::to_string(client) + ", who reads format " +
                  std::to_string(format) + ", by " + std::string(who));
  return hand_over_problem;
}

void FakeService::shut_down(std::string_view who) {
  asked.push_back("shut down by " + std::string(who));
}

}  // namespace reactord::test
