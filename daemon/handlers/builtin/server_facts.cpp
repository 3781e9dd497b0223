// SPDX-License-Identifier: MIT
// What client libraries and tools ask a Redis server about itself, and about what this one does not
// have: keys, replicas, modules, a cluster. Each answer is true here; texts and shapes are those of
// Redis 7, because clients match on them. INFO and HELLO tell the rest.
#include <chrono>
#include <string>

#include "daemon/interface/command_set.h"
#include "daemon/interface/registry.h"

namespace reactord {
namespace {

enum class Id : std::uint8_t {
  acl_help,
  acl_whoami,
  cluster,
  dbsize,
  module_help,
  module_list,
  readonly,
  readwrite,
  role,
  time,
};

constexpr std::uint8_t id(Id command) {
  return static_cast<std::uint8_t>(command);
}

constexpr CommandSpec kAclSubcommands[] = {
    {.name = "help", .summary = "Lists the subcommands of ACL", .id = id(Id::acl_help)},
    {.name = "whoami",
     .summary = "Returns this connection's user: there is one",
     .id = id(Id::acl_whoami)},
};

constexpr CommandSpec kModuleSubcommands[] = {
    {.name = "help", .summary = "Lists the subcommands of MODULE", .id = id(Id::module_help)},
    {.name = "list", .summary = "Lists the modules of Redis: none", .id = id(Id::module_list)},
};

constexpr CommandSpec kAcl = {.name = "acl",
                              .summary = "Tells clients that log in who they are",
                              .min_arguments = 1,
                              .max_arguments = CommandSpec::kAnyNumber,
                              .subcommands = kAclSubcommands};

constexpr CommandSpec kModule = {.name = "module",
                                 .summary = "For clients that look for modules of Redis",
                                 .min_arguments = 1,
                                 .max_arguments = CommandSpec::kAnyNumber,
                                 .subcommands = kModuleSubcommands};

constexpr CommandSpec kCommands[] = {
    kAcl,
    {.name = "cluster",
     .synopsis = "subcommand [argument ...]",
     .summary = "For clients that look for a cluster",
     .min_arguments = 1,
     .max_arguments = CommandSpec::kAnyNumber,
     .id = id(Id::cluster)},
    {.name = "dbsize", .summary = "Counts the keys: none", .id = id(Id::dbsize)},
    kModule,
    {.name = "readonly", .summary = "For clients of a cluster's replicas", .id = id(Id::readonly)},
    {.name = "readwrite",
     .summary = "For clients of a cluster's replicas",
     .id = id(Id::readwrite)},
    {.name = "role", .summary = "Tells that this is no replica", .id = id(Id::role)},
    {.name = "time", .summary = "Tells the clock: seconds, microseconds", .id = id(Id::time)},
};

/// Of a kind that knows no cluster; clients take it for that, where "unknown command" is a fault.
constexpr std::string_view kNoCluster = "ERR This instance has cluster support disabled";

void write_role(ReplyWriter& reply) {
  reply.array(3);
  reply.bulk("master");
  reply.integer(0);  // how far replication has come
  reply.array(0);    // replicas
}

void write_time(ReplyWriter& reply) {
  using namespace std::chrono;
  const auto now = system_clock::now().time_since_epoch();
  const auto whole = duration_cast<seconds>(now);
  reply.array(2);
  reply.bulk(std::to_string(whole.count()));
  reply.bulk(std::to_string(duration_cast<microseconds>(now - whole).count()));
}

class ServerFactsHandler : public Handler {
 public:
  explicit ServerFactsHandler(Service&) {}

  std::span<const CommandSpec> commands() const override { return kCommands; }

  HandlerResult handle(const Request& request, ReplyWriter& reply,
                       HandlerContext& context) override {
    answer(request.command, reply, context.allowed_commands());
    return HandlerResult::replied;
  }

 private:
  static void answer(const CommandSpec& command, ReplyWriter& reply, CommandClasses allowed) {
    switch (static_cast<Id>(command.id)) {
      case Id::acl_help:
        return write_subcommand_help(kAcl, allowed, reply);
      case Id::acl_whoami:
        return reply.bulk("default");
      case Id::cluster:
      case Id::readonly:
      case Id::readwrite:
        return reply.error(kNoCluster);
      case Id::dbsize:
        return reply.integer(0);
      case Id::module_help:
        return write_subcommand_help(kModule, allowed, reply);
      case Id::module_list:
        return reply.array(0);
      case Id::role:
        return write_role(reply);
      case Id::time:
        return write_time(reply);
    }
    throw_undeclared(command);
  }
};

}  // namespace

HandlerEntry server_facts_handler() {
  return builtin_entry<ServerFactsHandler>("server_facts");
}

}  // namespace reactord
