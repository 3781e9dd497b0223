// SPDX-License-Identifier: MIT
// CLIENT: what a client says about itself, and a look at the others. The fields, filters and texts
// are those of Redis 7. How all clients are walked over is in client_walks.h.
#include <fmt/format.h>

#include <memory>
#include <optional>
#include <utility>

#include "daemon/handlers/builtin/asker.h"
#include "daemon/handlers/builtin/client/client_filter.h"
#include "daemon/handlers/builtin/client/client_line.h"
#include "daemon/handlers/builtin/client/client_walks.h"
#include "daemon/interface/command_rows.h"
#include "daemon/interface/handler_entry.h"
#include "daemon/interface/logins.h"
#include "protocol/escape.h"
#include "protocol/traceparent.h"
#include "protocol/words.h"

namespace reactord {
namespace {

/// Each is looked up: a thousand is a slice of work or two.
constexpr std::size_t kMaxListIds = 1000;

/// Longer than any drill; whoever forgets it has all clients back by then.
constexpr std::chrono::milliseconds kMaxPause = std::chrono::hours(1);

/// Writes the error, if there is one, else OK.
HandlerResult finish(std::string_view problem, ReplyWriter& reply) {
  if (problem.empty()) {
    reply.ok();
  } else {
    reply.error(problem);
  }
  return HandlerResult::replied;
}

/// ON or OFF; none for another word.
std::optional<bool> parse_switch(std::string_view word) {
  if (same_word(word, "ON")) return true;
  if (same_word(word, "OFF")) return false;
  return std::nullopt;
}

class ClientHandler : public Handler {
 public:
  explicit ClientHandler(Service& service) : service_(service) {}

  std::span<const CommandSpec> commands() const override { return kCommands; }

  HandlerResult handle(const Request& request, ReplyWriter& reply,
                       HandlerContext& context) override {
    return (this->*answer_of(kRows, request))(request, reply, context);
  }

 private:
  HandlerResult get_name(const Request&, ReplyWriter& reply, HandlerContext& context);
  HandlerResult get_id(const Request&, ReplyWriter& reply, HandlerContext& context);
  HandlerResult info(const Request&, ReplyWriter& reply, HandlerContext& context);
  HandlerResult kill(const Request& request, ReplyWriter& reply, HandlerContext& context);
  HandlerResult list(const Request& request, ReplyWriter& reply, HandlerContext& context);
  HandlerResult pause(const Request& request, ReplyWriter& reply, HandlerContext& context);
  HandlerResult resume(const Request&, ReplyWriter& reply, HandlerContext& context);
  HandlerResult set_no_evict(const Request& request, ReplyWriter& reply, HandlerContext& context);
  HandlerResult set_no_touch(const Request& request, ReplyWriter& reply, HandlerContext& context);
  HandlerResult set_reply_mode(const Request& request, ReplyWriter& reply, HandlerContext& context);
  HandlerResult set_info(const Request& request, ReplyWriter& reply, HandlerContext& context);
  HandlerResult set_name(const Request& request, ReplyWriter& reply, HandlerContext& context);
  HandlerResult set_trace(const Request& request, ReplyWriter& reply, HandlerContext& context);

  static constexpr MethodRow<ClientHandler> kRows[] = {
      {{.name = "getname", .summary = "Returns this connection's name"}, &ClientHandler::get_name},
      {{.name = "id", .summary = "Returns this connection's id"}, &ClientHandler::get_id},
      {{.name = "info", .summary = "Describes this connection in one line"}, &ClientHandler::info},
      {{.name = "kill",
        .synopsis = "[address] [ID id] [TYPE type] [USER name] [ADDR address] [LADDR address] "
                    "[SKIPME YES|NO] [MAXAGE seconds]",
        .summary = "Ends the connection from an address, or all that meet every condition",
        .min_arguments = 1,
        .max_arguments = 16,
        .command_class = CommandClass::admin},
       &ClientHandler::kill},
      {{.name = "list",
        .synopsis = "[TYPE type] [ID id ...]",
        .summary = "Describes the connections, one a line",
        .max_arguments = 1 + kMaxListIds,
        .command_class = CommandClass::introspection},
       &ClientHandler::list},
      {{.name = "no-evict",
        .synopsis = "ON|OFF",
        .summary = "Spares this connection when memory is short",
        .min_arguments = 1,
        .max_arguments = 1},
       &ClientHandler::set_no_evict},
      {{.name = "no-touch",
        .synopsis = "ON|OFF",
        .summary = "For clients that leave keys' age alone",
        .min_arguments = 1,
        .max_arguments = 1},
       &ClientHandler::set_no_touch},
      {{.name = "pause",
        .synopsis = "milliseconds [ALL]",
        .summary = "Lets clients' requests wait; administrators' do not, and nothing is lost",
        .min_arguments = 1,
        .max_arguments = 2,
        .command_class = CommandClass::admin},
       &ClientHandler::pause},
      {{.name = "reply",
        .synopsis = "ON|OFF|SKIP",
        .summary = "Turns this connection's replies on or off, or skips the next",
        .min_arguments = 1,
        .max_arguments = 1},
       &ClientHandler::set_reply_mode},
      {{.name = "setinfo",
        .synopsis = "<LIB-NAME name|LIB-VER version>",
        .summary = "Names the client library and its version",
        .min_arguments = 2,
        .max_arguments = 2},
       &ClientHandler::set_info},
      {{.name = "setname",
        .synopsis = "name",
        .summary = "Names this connection",
        .min_arguments = 1,
        .max_arguments = 1},
       &ClientHandler::set_name},
      {{.name = "traceparent",
        .synopsis = "<value|OFF> [NEXT]",
        .summary = "Tells which W3C trace this connection's requests, or the next, are part of",
        .min_arguments = 1,
        .max_arguments = 2},
       &ClientHandler::set_trace},
      {{.name = "unpause",
        .summary = "Ends what CLIENT PAUSE has begun",
        .command_class = CommandClass::admin},
       &ClientHandler::resume},
  };
  static constexpr auto kSubcommands = specs_of(kRows);
  static constexpr CommandSpec kCommands[] = {{.name = "client",
                                               .summary = "Names, describes and ends connections",
                                               .min_arguments = 1,
                                               .max_arguments = CommandSpec::kAnyNumber,
                                               .subcommands = kSubcommands}};

  Service& service_;
  std::shared_ptr<ListBudget> list_budget_ = std::make_shared<ListBudget>();
};

HandlerResult ClientHandler::get_name(const Request&, ReplyWriter& reply, HandlerContext& context) {
  const std::string_view name = context.session().name();
  if (name.empty()) {
    reply.nil();
  } else {
    reply.bulk(name);
  }
  return HandlerResult::replied;
}

HandlerResult ClientHandler::get_id(const Request&, ReplyWriter& reply, HandlerContext& context) {
  reply.integer(static_cast<std::int64_t>(context.client_id()));
  return HandlerResult::replied;
}

HandlerResult ClientHandler::set_name(const Request& request, ReplyWriter& reply,
                                      HandlerContext& context) {
  const std::string_view name = request.arguments[0];
  const std::string problem = label_problem("Client names", name);
  if (problem.empty()) context.session().set_name(name);
  return finish(problem, reply);
}

HandlerResult ClientHandler::set_info(const Request& request, ReplyWriter& reply,
                                      HandlerContext& context) {
  const std::string_view option = request.arguments[0];
  const std::string_view value = request.arguments[1];
  const bool is_name = same_word(option, "LIB-NAME");
  if (!is_name && !same_word(option, "LIB-VER")) {
    return finish(fmt::format("ERR Unrecognized option '{}'", escaped(option)), reply);
  }
  const std::string problem = label_problem(option, value);
  if (!problem.empty()) return finish(problem, reply);
  if (is_name) {
    context.session().set_library_name(value);
  } else {
    context.session().set_library_version(value);
  }
  return finish({}, reply);
}

HandlerResult ClientHandler::set_trace(const Request& request, ReplyWriter& reply,
                                       HandlerContext& context) {
  const bool is_off = same_word(request.arguments[0], "OFF");
  const std::string_view trace = is_off ? std::string_view() : request.arguments[0];
  const bool is_for_next = request.arguments.size() > 1;
  if (is_for_next && !same_word(request.arguments[1], "NEXT")) return finish(kSyntaxError, reply);
  if (!is_off && !is_traceparent(trace))
    return finish(
        "ERR expected a traceparent of version 00, or OFF: "
        "00-<32 hex digits>-<16 hex digits>-<2 hex digits>, in small letters",
        reply);
  Session& session = context.session();
  is_for_next ? session.trace_next(trace) : session.set_traceparent(trace);
  return finish({}, reply);
}

/// For administrators: strangers who spared themselves would leave nobody else to go.
HandlerResult ClientHandler::set_no_evict(const Request& request, ReplyWriter& reply,
                                          HandlerContext& context) {
  const std::optional<bool> is_on = parse_switch(request.arguments[0]);
  if (!is_on) return finish(kSyntaxError, reply);
  if (*is_on && !context.allowed_commands().has(CommandClass::admin))
    return finish("ERR CLIENT NO-EVICT ON is for administrators: send it to an admin listener",
                  reply);
  context.session().set_no_evict(*is_on);
  return finish({}, reply);
}

HandlerResult ClientHandler::set_no_touch(const Request& request, ReplyWriter& reply,
                                          HandlerContext&) {
  return finish(parse_switch(request.arguments[0]) ? "" : kSyntaxError, reply);
}

HandlerResult ClientHandler::set_reply_mode(const Request& request, ReplyWriter& reply,
                                            HandlerContext& context) {
  const std::string_view mode = request.arguments[0];
  Session& session = context.session();
  if (same_word(mode, "ON")) {
    session.set_reply_mode(ReplyMode::on);
  } else if (same_word(mode, "OFF")) {
    session.set_reply_mode(ReplyMode::off);
  } else if (same_word(mode, "SKIP")) {
    if (session.reply_mode() != ReplyMode::off) session.set_reply_mode(ReplyMode::skip_next);
  } else {
    return finish(kSyntaxError, reply);
  }
  return finish({}, reply);
}

HandlerResult ClientHandler::pause(const Request& request, ReplyWriter& reply,
                                   HandlerContext& context) {
  const std::optional<std::int64_t> ms = parse_integer(request.arguments[0]);
  if (!ms || *ms < 0 || *ms > kMaxPause.count())
    return finish("ERR timeout is not an integer or out of range", reply);
  if (request.arguments.size() == 2 && same_word(request.arguments[1], "WRITE"))
    return finish("ERR CLIENT PAUSE WRITE: no command here says whether it writes; ALL pauses all",
                  reply);
  if (request.arguments.size() == 2 && !same_word(request.arguments[1], "ALL"))
    return finish("ERR CLIENT PAUSE mode must be ALL", reply);
  service_.pause_clients(std::chrono::milliseconds(*ms), who_asks(context));
  return finish({}, reply);
}

HandlerResult ClientHandler::resume(const Request&, ReplyWriter& reply, HandlerContext& context) {
  service_.resume_clients(who_asks(context));
  return finish({}, reply);
}

HandlerResult ClientHandler::info(const Request&, ReplyWriter& reply, HandlerContext& context) {
  context.charge(std::chrono::microseconds(5));
  ClientFacts facts;
  std::string line;
  if (service_.find_client(context.client_id(), facts)) append_client(line, facts);
  reply.text(line);
  return HandlerResult::replied;
}

HandlerResult ClientHandler::list(const Request& request, ReplyWriter& reply,
                                  HandlerContext& context) {
  ClientFilter filter;
  context.charge(std::chrono::microseconds(request.arguments.size() / 16));
  const std::string problem = parse_list_filter(request.arguments, filter);
  if (!problem.empty()) return finish(problem, reply);
  context.produce(list_clients(service_, std::move(filter), context.client_id(), list_budget_));
  return HandlerResult::pending;
}

HandlerResult ClientHandler::kill(const Request& request, ReplyWriter& reply,
                                  HandlerContext& context) {
  ClientFilter filter;
  const std::uint64_t self = context.client_id();
  const std::string problem = parse_kill_filter(
      request.arguments, {.self = self, .users = service_.logins().names()}, filter);
  if (!problem.empty()) return finish(problem, reply);
  context.produce(kill_clients(service_, std::move(filter), self, who_asks(context)));
  return HandlerResult::pending;
}

}  // namespace

HandlerEntry client_handler() {
  return builtin_entry<ClientHandler>("client");
}

}  // namespace reactord
