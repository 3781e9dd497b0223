// SPDX-License-Identifier: MIT
// MULTI, EXEC, DISCARD, WATCH and UNWATCH, as client libraries wrap their pipelines in them. Texts
// are those of Redis 7. Requests between MULTI and EXEC are queued and run by the dispatcher; there
// are no keys, so that WATCH watches nothing.
#include "daemon/interface/command_rows.h"
#include "daemon/interface/handler_entry.h"

namespace reactord {
namespace {

/// OK, unless the session is in a transaction when it should not be, or the other way round.
void answer(bool is_allowed, std::string_view error, ReplyWriter& reply) {
  is_allowed ? reply.ok() : reply.error(error);
}

void multi(Session& session, ReplyWriter& reply) {
  const bool is_open = session.in_transaction();
  session.set_in_transaction(true);
  answer(!is_open, "ERR MULTI calls can not be nested", reply);
}

void discard(Session& session, ReplyWriter& reply) {
  const bool is_open = session.in_transaction();
  session.set_in_transaction(false);
  answer(is_open, "ERR DISCARD without MULTI", reply);
}

/// Behind MULTI the dispatcher runs what is queued.
void exec(Session&, ReplyWriter& reply) {
  reply.error("ERR EXEC without MULTI");
}

void watch(Session& session, ReplyWriter& reply) {
  answer(!session.in_transaction(), "ERR WATCH inside MULTI is not allowed", reply);
}

void unwatch(Session&, ReplyWriter& reply) {
  reply.ok();
}

constexpr CommandRow<void (*)(Session&, ReplyWriter&)> kTransactionRows[] = {
    {{.name = "discard",
      .summary = "Forgets the requests since MULTI",
      .in_transaction = InTransaction::at_once},
     discard},
    {{.name = "exec",
      .summary = "Runs the requests since MULTI in one go",
      .in_transaction = InTransaction::executes},
     exec},
    {{.name = "multi",
      .summary = "Queues what follows until EXEC or DISCARD",
      .in_transaction = InTransaction::at_once},
     multi},
    {{.name = "unwatch", .summary = "For clients that watch keys: there are none"}, unwatch},
    {{.name = "watch",
      .synopsis = "key ...",
      .summary = "For clients that watch keys: there are none",
      .min_arguments = 1,
      .max_arguments = CommandSpec::kAnyNumber,
      .in_transaction = InTransaction::at_once},
     watch},
};
constexpr auto kCommands = specs_of(kTransactionRows);

class TransactionHandler : public Handler {
 public:
  explicit TransactionHandler(Service&) {}

  std::span<const CommandSpec> commands() const override { return kCommands; }

  HandlerResult handle(const Request& request, ReplyWriter& reply,
                       HandlerContext& context) override {
    answer_of(kTransactionRows, request)(context.session(), reply);
    return HandlerResult::replied;
  }
};

}  // namespace

HandlerEntry transaction_handler() {
  return builtin_entry<TransactionHandler>("transaction");
}

}  // namespace reactord
