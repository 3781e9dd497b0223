// SPDX-License-Identifier: MIT
// What client libraries and tools ask a Redis server about itself, and about what this one does not
// have: keys, replicas, modules, a cluster. Each answer is true here; texts and shapes are those of
// Redis 7, because clients match on them. INFO and HELLO tell the rest.
#include <chrono>
#include <span>
#include <string>

#include "daemon/interface/command_rows.h"
#include "daemon/interface/handler_entry.h"

namespace reactord {
namespace {

/// Of a kind that knows no cluster; clients take it for that, where "unknown command" is a fault.
constexpr std::string_view kNoCluster = "ERR This instance has cluster support disabled";

void write_role(const Request&, ReplyWriter& reply) {
  reply.array(3);
  reply.bulk("master");
  reply.integer(0);  // how far replication has come
  reply.array(0);    // replicas
}

void write_time(const Request&, ReplyWriter& reply) {
  using namespace std::chrono;
  const auto now = system_clock::now().time_since_epoch();
  const auto whole = duration_cast<seconds>(now);
  reply.array(2);
  reply.bulk(std::to_string(whole.count()));
  reply.bulk(std::to_string(duration_cast<microseconds>(now - whole).count()));
}

constexpr auto kNoClusterHere = [](const Request&, ReplyWriter& reply) { reply.error(kNoCluster); };

/// The subcommand of MODULE, and then the commands.
constexpr CommandRow<void (*)(const Request&, ReplyWriter&)> kRows[] = {
    {{.name = "list", .summary = "Lists the modules of Redis: none"},
     [](const Request&, ReplyWriter& reply) { reply.array(0); }},
    {{.name = "cluster",
      .synopsis = "subcommand [argument ...]",
      .summary = "For clients that look for a cluster",
      .min_arguments = 1,
      .max_arguments = CommandSpec::kAnyNumber},
     kNoClusterHere},
    {{.name = "dbsize", .summary = "Counts the keys: none"},
     [](const Request&, ReplyWriter& reply) { reply.integer(0); }},
    {{.name = "readonly", .summary = "For clients of a cluster's replicas"}, kNoClusterHere},
    {{.name = "readwrite", .summary = "For clients of a cluster's replicas"}, kNoClusterHere},
    {{.name = "role", .summary = "Tells that this is no replica"}, write_role},
    {{.name = "time", .summary = "Tells the clock: seconds, microseconds"}, write_time},
};
constexpr auto kSpecs = specs_of(kRows);
constexpr std::span<const CommandSpec> kModule = std::span(kSpecs).subspan<0, 1>();

constexpr CommandSpec kCommands[] = {
    {.name = "module",
     .summary = "For clients that look for modules of Redis",
     .min_arguments = 1,
     .max_arguments = CommandSpec::kAnyNumber,
     .subcommands = kModule},
    kSpecs[1],
    kSpecs[2],
    kSpecs[3],
    kSpecs[4],
    kSpecs[5],
    kSpecs[6],
};

class ServerFactsHandler : public Handler {
 public:
  explicit ServerFactsHandler(Service&) {}

  std::span<const CommandSpec> commands() const override { return kCommands; }

  HandlerResult handle(const Request& request, ReplyWriter& reply, HandlerContext&) override {
    answer_of(kRows, request)(request, reply);
    return HandlerResult::replied;
  }
};

}  // namespace

HandlerEntry server_facts_handler() {
  return builtin_entry<ServerFactsHandler>("server_facts");
}

}  // namespace reactord
