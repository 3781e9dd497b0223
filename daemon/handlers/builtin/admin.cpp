// SPDX-License-Identifier: MIT
// LOG LEVEL, RELOAD, DRAIN and SHUTDOWN: what a signal or a restart does, from a connection, with
// an answer that says how it went. Each tells the log who asked.
#include <fmt/format.h>

#include <memory>

#include "daemon/interface/command_set.h"
#include "daemon/interface/registry.h"
#include "protocol/words.h"

namespace reactord {
namespace {

enum class Id : std::uint8_t { log, log_level, reload, drain, shutdown };

constexpr std::uint8_t id(Id command) {
  return static_cast<std::uint8_t>(command);
}

constexpr CommandSpec kLogSubcommands[] = {
    {.name = "level",
     .synopsis = "[TRACE|DEBUG|INFO|WARNING|ERROR|OFF]",
     .summary = "Tells the level of the log, or changes it until it is changed again",
     .min_arguments = 0,
     .max_arguments = 1,
     .command_class = CommandClass::admin,
     .id = id(Id::log_level)},
};

constexpr CommandSpec kCommands[] = {
    {.name = "log",
     .synopsis = "",
     .summary = "Tells and changes what is logged",
     .min_arguments = 1,
     .max_arguments = CommandSpec::kAnyNumber,
     .command_class = CommandClass::admin,
     .id = id(Id::log),
     .subcommands = kLogSubcommands},
    {.name = "reload",
     .synopsis = "",
     .summary = "Loads the configuration again, as SIGHUP does",
     .command_class = CommandClass::admin,
     .id = id(Id::reload)},
    {.name = "drain",
     .synopsis = "[ON|OFF]",
     .summary = "Refuses new clients, or takes them again; who is connected stays",
     .min_arguments = 0,
     .max_arguments = 1,
     .command_class = CommandClass::admin,
     .id = id(Id::drain)},
    {.name = "shutdown",
     .synopsis = "",
     .summary = "Answers what was received and ends the daemon, as SIGTERM does",
     .command_class = CommandClass::admin,
     .id = id(Id::shutdown)},
};

/// Peers of a Unix socket have no address of their own; their number tells them apart.
std::string who_asks(const HandlerContext& context) {
  return fmt::format("{} (client {})", context.peer(), context.client_id());
}

class AdminHandler : public Handler {
 public:
  explicit AdminHandler(Service& service) : service_(service) {}

  std::span<const CommandSpec> commands() const override { return kCommands; }

  HandlerResult handle(const Request& request, ReplyWriter& reply,
                       HandlerContext& context) override {
    switch (static_cast<Id>(request.command.id)) {
      case Id::log_level:
        return log_level(request.arguments, reply, context);
      case Id::reload:
        return reload_configuration(context);
      case Id::drain:
        return drain(request.arguments, reply, context);
      case Id::shutdown:
        service_.shut_down(who_asks(context));
        reply.ok();
        return HandlerResult::replied;
      case Id::log:
        break;  // has subcommands alone
    }
    throw_undeclared(request.command);
  }

 private:
  HandlerResult log_level(std::span<const std::string_view> arguments, ReplyWriter& reply,
                          const HandlerContext& context);
  HandlerResult drain(std::span<const std::string_view> arguments, ReplyWriter& reply,
                      const HandlerContext& context);
  HandlerResult reload_configuration(HandlerContext& context);
  static void write_outcome(const ReloadOutcome& outcome, ReplyWriter& reply);

  Service& service_;
};

HandlerResult AdminHandler::log_level(std::span<const std::string_view> arguments,
                                      ReplyWriter& reply, const HandlerContext& context) {
  if (arguments.empty()) {
    reply.bulk(service_.log_level());
    return HandlerResult::replied;
  }
  const std::string problem = service_.set_log_level(lower_case(arguments[0]), who_asks(context));
  if (problem.empty())
    reply.ok();
  else
    reply.error("ERR log level: " + problem);
  return HandlerResult::replied;
}

HandlerResult AdminHandler::drain(std::span<const std::string_view> arguments, ReplyWriter& reply,
                                  const HandlerContext& context) {
  if (arguments.empty()) {
    reply.bulk(service_.is_draining() ? "on" : "off");
  } else if (same_word(arguments[0], "on") || same_word(arguments[0], "off")) {
    service_.set_draining(same_word(arguments[0], "on"), who_asks(context));
    reply.ok();
  } else {
    reply.error("ERR drain: expected ON or OFF");
  }
  return HandlerResult::replied;
}

HandlerResult AdminHandler::reload_configuration(HandlerContext& context) {
  // Shared, because a std::function can be copied.
  const auto late = std::make_shared<DeferredReply>(context.defer());
  service_.reload(who_asks(context), [late](const ReloadOutcome& outcome) {
    late->complete([&outcome](ReplyWriter& reply) { write_outcome(outcome, reply); });
  });
  return HandlerResult::pending;
}

void AdminHandler::write_outcome(const ReloadOutcome& outcome, ReplyWriter& reply) {
  const std::vector<std::string>& problems = outcome.problems;
  if (!problems.empty()) {
    reply.error(fmt::format("ERR configuration not reloaded, {} problem{}; first: {}",
                            problems.size(), problems.size() == 1 ? "" : "s", problems.front()));
  } else if (outcome.applied.empty() && outcome.needs_restart.empty()) {
    reply.ok();
  } else {
    reply.array(outcome.applied.size() + outcome.needs_restart.size());
    for (const std::string& change : outcome.applied) reply.bulk("applied: " + change);
    for (const std::string& change : outcome.needs_restart)
      reply.bulk("needs a restart: " + change);
  }
}

}  // namespace

HandlerEntry admin_handler() {
  return builtin_entry<AdminHandler>("admin");
}

}  // namespace reactord
