// SPDX-License-Identifier: MIT
// LOG, RELOAD, DRAIN, HANDOVER and SHUTDOWN: what a signal or a restart does, from a
// connection, with an answer that says how it went. Each tells the log who asked.
#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "daemon/handlers/builtin/asker.h"
#include "daemon/interface/command_rows.h"
#include "daemon/interface/handler_entry.h"
#include "protocol/words.h"

namespace reactord {
namespace {

class AdminHandler : public Handler {
 public:
  explicit AdminHandler(Service& service) : service_(service) {}

  std::span<const CommandSpec> commands() const override { return kCommands; }

  HandlerResult handle(const Request& request, ReplyWriter& reply,
                       HandlerContext& context) override {
    return (this->*answer_of(kRows, request))(request, reply, context);
  }

 private:
  HandlerResult log_access(const Request& request, ReplyWriter& reply, HandlerContext& context);
  HandlerResult log_level(const Request& request, ReplyWriter& reply, HandlerContext& context);
  HandlerResult log_levels(const Request& request, ReplyWriter& reply, HandlerContext& context);
  HandlerResult reload_configuration(const Request& request, ReplyWriter& reply,
                                     HandlerContext& context);
  HandlerResult drain(const Request& request, ReplyWriter& reply, HandlerContext& context);
  HandlerResult hand_over(const Request& request, ReplyWriter& reply, HandlerContext& context);
  HandlerResult shut_down(const Request& request, ReplyWriter& reply, HandlerContext& context);
  static void write_outcome(const ReloadOutcome& outcome, ReplyWriter& reply);

  /// As in log.levels.
  static constexpr std::size_t kMaxRules = 64;

  static constexpr MethodRow<AdminHandler> kRows[] = {
      // LOG
      {{.name = "access",
        .synopsis = "[<ON|OFF|one-in>]",
        .summary = "Tells one in how many requests is logged, or changes it; 0 for none",
        .max_arguments = 1,
        .command_class = CommandClass::admin},
       &AdminHandler::log_access},
      {{.name = "level",
        .synopsis = "[TRACE|DEBUG|INFO|WARNING|ERROR|OFF]",
        .summary = "Tells the level of the log, or changes it until it is changed again",
        .max_arguments = 1,
        .command_class = CommandClass::admin},
       &AdminHandler::log_level},
      {{.name = "levels",
        .synopsis = "[event=level ...]",
        .summary = "Lists events with another level than their own, or says which; NONE: none",
        .max_arguments = kMaxRules,
        .command_class = CommandClass::admin},
       &AdminHandler::log_levels},
      // Commands by themselves
      {{.name = "reload",
        .summary = "Loads the configuration again, as SIGHUP does",
        .command_class = CommandClass::admin},
       &AdminHandler::reload_configuration},
      {{.name = "drain",
        .synopsis = "[ON|OFF]",
        .summary = "Refuses new clients, or takes them again; who is connected stays",
        .max_arguments = 1,
        .command_class = CommandClass::admin},
       &AdminHandler::drain},
      {{.name = "handover",
        .synopsis = "format",
        .summary = "Asks for all connections, for reactord --take-over, which knows what follows",
        .min_arguments = 1,
        .max_arguments = 1,
        .command_class = CommandClass::admin},
       &AdminHandler::hand_over},
      {{.name = "shutdown",
        .summary = "Answers what was received and ends the daemon, as SIGTERM does",
        .command_class = CommandClass::admin},
       &AdminHandler::shut_down},
  };
  static constexpr auto kSpecs = specs_of(kRows);
  static constexpr CommandSpec kCommands[] = {{.name = "log",
                                               .summary = "Tells and changes what is logged",
                                               .min_arguments = 1,
                                               .max_arguments = CommandSpec::kAnyNumber,
                                               .command_class = CommandClass::admin,
                                               .subcommands = std::span(kSpecs).first<3>()},
                                              kSpecs[3],
                                              kSpecs[4],
                                              kSpecs[5],
                                              kSpecs[6]};

  Service& service_;
};

HandlerResult AdminHandler::log_level(const Request& request, ReplyWriter& reply,
                                      HandlerContext& context) {
  if (request.arguments.empty()) {
    reply.bulk(service_.log_level());
    return HandlerResult::replied;
  }
  const std::string problem =
      service_.set_log_level(lower_case(request.arguments[0]), who_asks(context));
  if (problem.empty())
    reply.ok();
  else
    reply.error("ERR log level: " + problem);
  return HandlerResult::replied;
}

HandlerResult AdminHandler::log_access(const Request& request, ReplyWriter& reply,
                                       HandlerContext& context) {
  if (request.arguments.empty()) {
    reply.integer(service_.access_sample());
    return HandlerResult::replied;
  }
  const std::string_view word = request.arguments[0];
  const std::optional<std::int64_t> one_in = same_word(word, "on")    ? 1
                                             : same_word(word, "off") ? 0
                                                                      : parse_integer(word);
  constexpr std::int64_t kLargest = 1'000'000'000;
  if (!one_in || *one_in < 0 || *one_in > kLargest) {
    reply.error("ERR log access: expected ON, OFF, or one in how many requests is logged");
    return HandlerResult::replied;
  }
  const std::string problem = service_.set_access_sample(*one_in, who_asks(context));
  if (problem.empty())
    reply.ok();
  else
    reply.error("ERR log access: " + problem);
  return HandlerResult::replied;
}

/// In place of those before, as in the file.
HandlerResult AdminHandler::log_levels(const Request& request, ReplyWriter& reply,
                                       HandlerContext& context) {
  if (request.arguments.empty()) {
    reply.array(service_.log_levels().size());
    for (const std::string& rule : service_.log_levels()) reply.bulk(rule);
    return HandlerResult::replied;
  }
  std::vector<std::string> rules(request.arguments.begin(), request.arguments.end());
  if (rules.size() == 1 && same_word(rules.front(), "none")) rules.clear();
  const std::string problem = service_.set_log_levels(std::move(rules), who_asks(context));
  if (problem.empty())
    reply.ok();
  else
    reply.error("ERR " + problem);
  return HandlerResult::replied;
}

HandlerResult AdminHandler::reload_configuration(const Request&, ReplyWriter&,
                                                 HandlerContext& context) {
  // Shared, because a std::function can be copied.
  const auto late = std::make_shared<DeferredReply>(context.defer());
  service_.reload(who_asks(context), [late](const ReloadOutcome& outcome) {
    late->complete([&outcome](ReplyWriter& reply) { write_outcome(outcome, reply); });
  });
  return HandlerResult::pending;
}

HandlerResult AdminHandler::drain(const Request& request, ReplyWriter& reply,
                                  HandlerContext& context) {
  if (request.arguments.empty()) {
    reply.bulk(service_.is_draining() ? "on" : "off");
    return HandlerResult::replied;
  }
  const std::string_view wanted = request.arguments[0];
  if (same_word(wanted, "on") || same_word(wanted, "off")) {
    service_.set_draining(same_word(wanted, "on"), who_asks(context));
    reply.ok();
  } else {
    reply.error("ERR drain: expected ON or OFF");
  }
  return HandlerResult::replied;
}

HandlerResult AdminHandler::hand_over(const Request& request, ReplyWriter& reply,
                                      HandlerContext& context) {
  const std::optional<std::int64_t> format = parse_integer(request.arguments[0]);
  if (!format || *format < 1) {
    reply.error("ERR handover: expected the number of a state's format");
    return HandlerResult::replied;
  }
  const std::string problem = service_.hand_over(context.client_id(), *format, who_asks(context));
  if (problem.empty())
    reply.ok();
  else
    reply.error("ERR handover: " + problem);
  return HandlerResult::replied;
}

HandlerResult AdminHandler::shut_down(const Request&, ReplyWriter& reply, HandlerContext& context) {
  service_.shut_down(who_asks(context));
  reply.ok();
  return HandlerResult::replied;
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
