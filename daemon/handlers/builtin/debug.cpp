// SPDX-License-Identifier: MIT
// DEBUG DUMP: the daemon's whole state as JSON, for whoever looks for what is wrong with it.
#include <fmt/format.h>

#include <memory>
#include <span>
#include <utility>

#include "daemon/handlers/builtin/asker.h"
#include "daemon/interface/command_rows.h"
#include "daemon/interface/diagnostics.h"
#include "daemon/interface/handler_entry.h"

namespace reactord {
namespace {

/// Each may hold some megabytes: half a kilobyte for each connection.
constexpr long kMaxDumpsAtOnce = 2;

class DumpProducer : public ReplyProducer {
 public:
  /// `counted` is held by each of them.
  DumpProducer(std::unique_ptr<StateDump> dump, std::shared_ptr<int> counted)
      : dump_(std::move(dump)), counted_(std::move(counted)) {}

  Progress produce(ReplyWriter& reply) override {
    if (dump_->write_some()) return Progress::more;
    reply.text(dump_->text());
    return Progress::done;
  }

 private:
  std::unique_ptr<StateDump> dump_;
  std::shared_ptr<int> counted_;
};

class DebugHandler : public Handler {
 public:
  explicit DebugHandler(Service& service) : service_(service) {}

  std::span<const CommandSpec> commands() const override { return kCommands; }

  HandlerResult handle(const Request& request, ReplyWriter& reply,
                       HandlerContext& context) override {
    return (this->*answer_of(kRows, request))(request, reply, context);
  }

 private:
  HandlerResult dump(const Request&, ReplyWriter& reply, HandlerContext& context);

  static constexpr MethodRow<DebugHandler> kRows[] = {
      {{.name = "dump",
        .summary =
            "Shows the daemon's whole state as JSON: connections, buffers, deadlines, events",
        .command_class = CommandClass::admin},
       &DebugHandler::dump},
  };
  static constexpr auto kSubcommands = specs_of(kRows);
  static constexpr CommandSpec kCommands[] = {{.name = "debug",
                                               .summary = "Shows what goes on in the daemon",
                                               .min_arguments = 1,
                                               .max_arguments = CommandSpec::kAnyNumber,
                                               .command_class = CommandClass::admin,
                                               .subcommands = kSubcommands}};

  Service& service_;
  std::shared_ptr<int> counted_ = std::make_shared<int>(0);
};

HandlerResult DebugHandler::dump(const Request&, ReplyWriter& reply, HandlerContext& context) {
  if (counted_.use_count() > kMaxDumpsAtOnce) {
    reply.error("ERR too many dumps are being written at once; try again later");
    return HandlerResult::replied;
  }
  const std::string why = fmt::format("DEBUG DUMP by {}", who_asks(context));
  context.produce(std::make_unique<DumpProducer>(service_.diagnostics().begin_dump(why), counted_));
  return HandlerResult::pending;
}

}  // namespace

HandlerEntry debug_handler() {
  return builtin_entry<DebugHandler>("debug");
}

}  // namespace reactord
