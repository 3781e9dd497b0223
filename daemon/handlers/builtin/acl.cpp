// SPDX-License-Identifier: MIT
// ACL: who the client is, and who there is. Users come from the configuration alone, so nothing
// here changes them. Texts and shapes are those of Redis 7; no hash is told.
#include "daemon/interface/command_rows.h"
#include "daemon/interface/handler_entry.h"
#include "daemon/interface/logins.h"

namespace reactord {
namespace {

class AclHandler : public Handler {
 public:
  explicit AclHandler(Service& service) : service_(service) {}

  std::span<const CommandSpec> commands() const override { return kCommands; }

  HandlerResult handle(const Request& request, ReplyWriter& reply,
                       HandlerContext& context) override {
    return (this->*answer_of(kRows, request))(request, reply, context);
  }

 private:
  HandlerResult list(const Request&, ReplyWriter& reply, HandlerContext&) {
    return write(service_.logins().rules(), reply);
  }
  HandlerResult users(const Request&, ReplyWriter& reply, HandlerContext&) {
    return write(service_.logins().names(), reply);
  }
  HandlerResult whoami(const Request&, ReplyWriter& reply, HandlerContext& context) {
    const Session& session = context.session();
    reply.bulk(session.has_principal() ? session.user() : "default");
    return HandlerResult::replied;
  }

  static HandlerResult write(const std::vector<std::string>& lines, ReplyWriter& reply) {
    reply.array(lines.size());
    for (const std::string& line : lines) reply.bulk(line);
    return HandlerResult::replied;
  }

  static constexpr MethodRow<AclHandler> kRows[] = {
      {{.name = "list",
        .summary = "Lists the users, and what each may run",
        .command_class = CommandClass::introspection,
        .since = "0.2.0"},
       &AclHandler::list},
      {{.name = "users",
        .summary = "Lists the users' names",
        .command_class = CommandClass::introspection,
        .since = "0.2.0"},
       &AclHandler::users},
      {{.name = "whoami", .summary = "Returns this connection's user"}, &AclHandler::whoami},
  };
  static constexpr auto kSubcommands = specs_of(kRows);
  static constexpr CommandSpec kCommands[] = {
      {.name = "acl",
       .summary = "Tells who the client is, and lists users",
       .min_arguments = 1,
       .max_arguments = CommandSpec::kAnyNumber,
       .subcommands = kSubcommands},
  };

  Service& service_;
};

}  // namespace

HandlerEntry acl_handler() {
  return builtin_entry<AclHandler>("acl");
}

}  // namespace reactord
