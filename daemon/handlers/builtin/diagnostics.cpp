// SPDX-License-Identifier: MIT
// SLOWLOG and LATENCY as monitoring tools ask for them (prometheus-redis-exporter, redis-cli): this
// server keeps no such records, and says so in the shapes of Redis 7.
#include <optional>

#include "daemon/interface/command_set.h"
#include "daemon/interface/registry.h"
#include "daemon/interface/words.h"

namespace reactord {
namespace {

enum class Id : std::uint8_t {
  slowlog_get,
  slowlog_len,
  slowlog_reset,
  latency_histogram,
  latency_history,
  latency_latest,
  latency_reset,
};

constexpr std::uint8_t id(Id command) {
  return static_cast<std::uint8_t>(command);
}

constexpr CommandSpec kSlowlog[] = {
    {.name = "get",
     .synopsis = "[count]",
     .summary = "Returns the slow requests on record: none",
     .min_arguments = 0,
     .max_arguments = 1,
     .command_class = CommandClass::introspection,
     .id = id(Id::slowlog_get)},
    {.name = "len",
     .synopsis = "",
     .summary = "Counts the slow requests on record: none",
     .command_class = CommandClass::introspection,
     .id = id(Id::slowlog_len)},
    {.name = "reset",
     .synopsis = "",
     .summary = "Forgets the slow requests on record",
     .command_class = CommandClass::admin,
     .id = id(Id::slowlog_reset)},
};

constexpr CommandSpec kLatency[] = {
    {.name = "histogram",
     .synopsis = "[command ...]",
     .summary = "Returns the commands' latencies on record: none",
     .min_arguments = 0,
     .max_arguments = CommandSpec::kAnyNumber,
     .command_class = CommandClass::introspection,
     .id = id(Id::latency_histogram)},
    {.name = "history",
     .synopsis = "event",
     .summary = "Returns an event's latencies on record: none",
     .min_arguments = 1,
     .max_arguments = 1,
     .command_class = CommandClass::introspection,
     .id = id(Id::latency_history)},
    {.name = "latest",
     .synopsis = "",
     .summary = "Returns all events' latest latencies: none",
     .command_class = CommandClass::introspection,
     .id = id(Id::latency_latest)},
    {.name = "reset",
     .synopsis = "[event ...]",
     .summary = "Forgets the latencies on record",
     .min_arguments = 0,
     .max_arguments = CommandSpec::kAnyNumber,
     .command_class = CommandClass::admin,
     .id = id(Id::latency_reset)},
};

constexpr CommandSpec kCommands[] = {
    {.name = "slowlog",
     .synopsis = "",
     .summary = "For monitoring tools: an empty slow log",
     .min_arguments = 1,
     .max_arguments = CommandSpec::kAnyNumber,
     .command_class = CommandClass::introspection,
     .subcommands = kSlowlog},
    {.name = "latency",
     .synopsis = "",
     .summary = "For monitoring tools: an empty latency record",
     .min_arguments = 1,
     .max_arguments = CommandSpec::kAnyNumber,
     .command_class = CommandClass::introspection,
     .subcommands = kLatency},
};

void get_slowlog(std::span<const std::string_view> arguments, ReplyWriter& reply) {
  const std::optional<std::int64_t> count = arguments.empty() ? 10 : parse_integer(arguments[0]);
  if (count && *count >= -1) {
    reply.array(0);
  } else {
    reply.error("ERR count should be greater than or equal to -1");
  }
}

class DiagnosticsHandler : public Handler {
 public:
  explicit DiagnosticsHandler(Service&) {}

  std::span<const CommandSpec> commands() const override { return kCommands; }

  HandlerResult handle(const Request& request, ReplyWriter& reply, HandlerContext&) override {
    answer(request, reply);
    return HandlerResult::replied;
  }

 private:
  static void answer(const Request& request, ReplyWriter& reply);
};

void DiagnosticsHandler::answer(const Request& request, ReplyWriter& reply) {
  switch (static_cast<Id>(request.command.id)) {
    case Id::slowlog_get:
      return get_slowlog(request.arguments, reply);
    case Id::slowlog_reset:
      return reply.ok();
    case Id::slowlog_len:
    case Id::latency_reset:  // the number of events that were forgotten
      return reply.integer(0);
    case Id::latency_histogram:
      return reply.map(0);
    case Id::latency_history:
    case Id::latency_latest:
      return reply.array(0);
  }
  throw_undeclared(request.command);
}

}  // namespace

HandlerEntry diagnostics_handler() {
  return builtin_entry<DiagnosticsHandler>("diagnostics");
}

}  // namespace reactord
