// SPDX-License-Identifier: MIT
// SLOWLOG and LATENCY as monitoring tools ask for them (prometheus-redis-exporter, redis-cli): this
// server keeps no such records, and says so in the shapes of Redis 7.
#include <optional>
#include <span>

#include "daemon/interface/command_rows.h"
#include "daemon/interface/handler_entry.h"
#include "protocol/words.h"

namespace reactord {
namespace {

void get_slowlog(const Request& request, ReplyWriter& reply) {
  const auto arguments = request.arguments;
  const std::optional<std::int64_t> count = arguments.empty() ? 10 : parse_integer(arguments[0]);
  if (count && *count >= -1) {
    reply.array(0);
  } else {
    reply.error("ERR count should be greater than or equal to -1");
  }
}

constexpr auto kOk = [](const Request&, ReplyWriter& reply) { reply.ok(); };
constexpr auto kZero = [](const Request&, ReplyWriter& reply) { reply.integer(0); };
constexpr auto kEmptyArray = [](const Request&, ReplyWriter& reply) { reply.array(0); };
constexpr auto kEmptyMap = [](const Request&, ReplyWriter& reply) { reply.map(0); };

constexpr CommandRow<void (*)(const Request&, ReplyWriter&)> kRows[] = {
    // SLOWLOG
    {{.name = "get",
      .synopsis = "[count]",
      .summary = "Returns the slow requests on record: none",
      .max_arguments = 1,
      .command_class = CommandClass::introspection},
     get_slowlog},
    {{.name = "len",
      .summary = "Counts the slow requests on record: none",
      .command_class = CommandClass::introspection},
     kZero},
    {{.name = "reset",
      .summary = "Forgets the slow requests on record",
      .command_class = CommandClass::admin},
     kOk},
    // LATENCY
    {{.name = "histogram",
      .synopsis = "[command ...]",
      .summary = "Returns the commands' latencies on record: none",
      .max_arguments = CommandSpec::kAnyNumber,
      .command_class = CommandClass::introspection},
     kEmptyMap},
    {{.name = "history",
      .synopsis = "event",
      .summary = "Returns an event's latencies on record: none",
      .min_arguments = 1,
      .max_arguments = 1,
      .command_class = CommandClass::introspection},
     kEmptyArray},
    {{.name = "latest",
      .summary = "Returns all events' latest latencies: none",
      .command_class = CommandClass::introspection},
     kEmptyArray},
    {{.name = "reset",
      .synopsis = "[event ...]",
      .summary = "Forgets the latencies on record",
      .max_arguments = CommandSpec::kAnyNumber,
      .command_class = CommandClass::admin},
     kZero},  // the number of events that were forgotten
};

constexpr auto kSpecs = specs_of(kRows);
constexpr std::size_t kSlowlogSubcommands = 3;
constexpr std::span<const CommandSpec> kSlowlog = std::span(kSpecs).first<kSlowlogSubcommands>();
constexpr std::span<const CommandSpec> kLatency = std::span(kSpecs).subspan<kSlowlogSubcommands>();

constexpr CommandSpec kCommands[] = {
    {.name = "slowlog",
     .summary = "For monitoring tools: an empty slow log",
     .min_arguments = 1,
     .max_arguments = CommandSpec::kAnyNumber,
     .command_class = CommandClass::introspection,
     .subcommands = kSlowlog},
    {.name = "latency",
     .summary = "For monitoring tools: an empty latency record",
     .min_arguments = 1,
     .max_arguments = CommandSpec::kAnyNumber,
     .command_class = CommandClass::introspection,
     .subcommands = kLatency},
};

class DiagnosticsHandler : public Handler {
 public:
  explicit DiagnosticsHandler(Service&) {}

  std::span<const CommandSpec> commands() const override { return kCommands; }

  HandlerResult handle(const Request& request, ReplyWriter& reply, HandlerContext&) override {
    answer_of(kRows, request)(request, reply);
    return HandlerResult::replied;
  }
};

}  // namespace

HandlerEntry diagnostics_handler() {
  return builtin_entry<DiagnosticsHandler>("diagnostics");
}

}  // namespace reactord
