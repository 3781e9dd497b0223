// SPDX-License-Identifier: MIT
// MULTI, EXEC, DISCARD, WATCH and UNWATCH, as client libraries wrap their pipelines in them. Texts
// are those of Redis 7. Requests between MULTI and EXEC are queued and run by the dispatcher; there
// are no keys, so that WATCH watches nothing.
#include "daemon/interface/command_set.h"
#include "daemon/interface/registry.h"

namespace reactord {
namespace {

enum class Id : std::uint8_t { discard, exec, multi, unwatch, watch };

constexpr std::uint8_t id(Id command) {
  return static_cast<std::uint8_t>(command);
}

constexpr CommandSpec kCommands[] = {
    {.name = "discard",
     .synopsis = "",
     .summary = "Forgets the requests since MULTI",
     .id = id(Id::discard),
     .in_transaction = InTransaction::at_once},
    {.name = "exec",
     .synopsis = "",
     .summary = "Runs the requests since MULTI in one go",
     .id = id(Id::exec),
     .in_transaction = InTransaction::executes},
    {.name = "multi",
     .synopsis = "",
     .summary = "Queues what follows until EXEC or DISCARD",
     .id = id(Id::multi),
     .in_transaction = InTransaction::at_once},
    {.name = "unwatch",
     .synopsis = "",
     .summary = "For clients that watch keys: there are none",
     .id = id(Id::unwatch)},
    {.name = "watch",
     .synopsis = "key ...",
     .summary = "For clients that watch keys: there are none",
     .min_arguments = 1,
     .max_arguments = CommandSpec::kAnyNumber,
     .id = id(Id::watch),
     .in_transaction = InTransaction::at_once},
};

/// OK, unless the session is in a transaction when it should not be, or the other way round.
void answer(bool is_allowed, std::string_view error, ReplyWriter& reply) {
  is_allowed ? reply.ok() : reply.error(error);
}

class TransactionHandler : public Handler {
 public:
  explicit TransactionHandler(Service&) {}

  std::span<const CommandSpec> commands() const override { return kCommands; }

  HandlerResult handle(const Request& request, ReplyWriter& reply,
                       HandlerContext& context) override {
    Session& session = context.session();
    const bool is_open = session.in_transaction();
    switch (static_cast<Id>(request.command.id)) {
      case Id::multi:
        session.set_in_transaction(true);
        answer(!is_open, "ERR MULTI calls can not be nested", reply);
        return HandlerResult::replied;
      case Id::discard:
        session.set_in_transaction(false);
        answer(is_open, "ERR DISCARD without MULTI", reply);
        return HandlerResult::replied;
      case Id::exec:  // behind MULTI the dispatcher runs what is queued
        reply.error("ERR EXEC without MULTI");
        return HandlerResult::replied;
      case Id::watch:
        answer(!is_open, "ERR WATCH inside MULTI is not allowed", reply);
        return HandlerResult::replied;
      case Id::unwatch:
        reply.ok();
        return HandlerResult::replied;
    }
    throw_undeclared(request.command);
  }
};

}  // namespace

HandlerEntry transaction_handler() {
  return builtin_entry<TransactionHandler>("transaction");
}

}  // namespace reactord
