// SPDX-License-Identifier: MIT
// Passes commands on to servers that speak RESP, as the [[relay]] tables say: each table has its
// commands and its backends (relay.h).
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "daemon/handlers/relay/relay.h"
#include "daemon/handlers/relay/relay_settings.h"
#include "daemon/handlers/relay/stateful_commands.h"
#include "daemon/interface/handler_entry.h"
#include "daemon/outgoing/server_address.h"
#include "protocol/words.h"

namespace reactord {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kMaxCommands = 1000;
constexpr std::int64_t kMaxBackends = 64;
constexpr std::string_view kWhyMaxBackends =
    "each has two connections, and is looked at for each request";

class RelayHandler final : public Handler {
 public:
  using Settings = RelaySettings;
  static constexpr KeySpec kKeys[] = {
      key<&RelaySettings::commands>("commands", Apply::restart, {1, kMaxCommands}),
      key<&RelaySettings::backends>("backends", Apply::reload, {1, kMaxBackends, kWhyMaxBackends}),
      key<&RelaySettings::choose>("choose", Apply::reload),
      key<&RelaySettings::hash_argument>("hash_argument", Apply::reload, {1, 1000}),
      key<&RelaySettings::timeout>("timeout", Apply::reload, duration_range(1ms, 1h)),
      key<&RelaySettings::connect_timeout>("connect_timeout", Apply::reload,
                                           duration_range(1ms, 1h)),
      key<&RelaySettings::max_pending>("max_pending", Apply::reload, {2, 1'000'000}),
      key<&RelaySettings::max_pending_bytes>(
          "max_pending_bytes", Apply::reload,
          size_range(ByteCount{1u << 10}, ByteCount{std::uint64_t{1} << 30})),
      key<&RelaySettings::max_reply>("max_reply", Apply::reload,
                                     size_range(ByteCount{1u << 10}, ByteCount{512u << 20})),
      key<&RelaySettings::max_failures>("max_failures", Apply::reload, {1, 1'000'000}),
      key<&RelaySettings::health>("health", Apply::reload, duration_range(0ms, 1h)),
  };
  [[nodiscard]] static std::string check(const RelaySettings& settings);

  RelayHandler(Service& service, const std::vector<RelaySettings>& tables);

  [[nodiscard]] std::span<const CommandSpec> commands() const override { return commands_; }
  [[nodiscard]] HandlerResult handle(const Request& request, ReplyWriter& reply,
                                     HandlerContext& context) override {
    return relays_[request.command.id]->pass_on(request, reply, context);
  }
  void reload(const void* settings) override;
  void append_info(std::vector<InfoField>& fields) const override;

 private:
  void add_commands(const RelaySettings& settings, std::uint8_t id);

  std::vector<std::unique_ptr<Relay>> relays_;
  std::vector<std::unique_ptr<const std::string>> names_;  ///< what commands_ refers to
  std::vector<CommandSpec> commands_;
};

static_assert(RepeatedTable::kMaxTables <= 256, "CommandSpec::id tells whose a command is");

std::string RelayHandler::check(const RelaySettings& settings) {
  if (settings.commands.empty())
    return "says no commands: commands = [\"GET\", \"SET\"], or \"*\" for what nobody else knows";
  if (settings.backends.empty()) return "says no backends: backends = [\"127.0.0.1:6379\"]";
  for (const std::string& command : settings.commands) {
    if (is_stateful_command(command))
      return fmt::format(
          "'{}' changes the connection that it is sent over, and many clients share "
          "that: it cannot be passed on",
          command);
  }
  for (auto backend = settings.backends.begin(); backend != settings.backends.end(); ++backend) {
    ServerAddress address;
    if (std::string problem = parse_server_address(*backend, address); !problem.empty())
      return fmt::format("backend '{}': {}", *backend, problem);
    if (std::find(settings.backends.begin(), backend, *backend) != backend)
      return fmt::format("backend '{}' is there twice", *backend);
  }
  return {};
}

RelayHandler::RelayHandler(Service& service, const std::vector<RelaySettings>& tables) {
  for (const RelaySettings& table : tables) {
    add_commands(table, static_cast<std::uint8_t>(relays_.size()));
    relays_.push_back(std::make_unique<Relay>(service, table));
  }
}

/// As the servers behind it judge their number of arguments: any is passed on.
void RelayHandler::add_commands(const RelaySettings& settings, std::uint8_t id) {
  for (const std::string& command : settings.commands) {
    names_.push_back(std::make_unique<const std::string>(lower_case(command)));
    commands_.push_back({.name = *names_.back(),
                         .synopsis = "[argument ...]",
                         .summary = "Is passed on to another server",
                         .max_arguments = CommandSpec::kAnyNumber,
                         .id = id,
                         .overlaps = true,
                         .secrets = Secrets::behind_auth});
  }
}

/// As many tables as there were: more or less of them is a restart.
void RelayHandler::reload(const void* settings) {
  const auto& tables = *static_cast<const std::vector<RelaySettings>*>(settings);
  for (std::size_t i = 0; i < relays_.size(); ++i) relays_[i]->reload(tables[i]);
}

void RelayHandler::append_info(std::vector<InfoField>& fields) const {
  for (std::size_t i = 0; i < relays_.size(); ++i)
    relays_[i]->append_info(fmt::format("relay{}_", i + 1), fields);
}

}  // namespace

HandlerEntry relay_handler() {
  return repeated_handler_entry<RelayHandler>("relay");
}

}  // namespace reactord
