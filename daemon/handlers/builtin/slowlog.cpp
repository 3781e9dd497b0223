// SPDX-License-Identifier: MIT
// SLOWLOG: the commands that took long, with their clients and arguments. Subcommands and replies
// are those of Redis 7.
#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "daemon/interface/command_rows.h"
#include "daemon/interface/diagnostics.h"
#include "daemon/interface/handler_entry.h"
#include "protocol/words.h"

namespace reactord {
namespace {

class SlowlogProducer : public ReplyProducer {
 public:
  SlowlogProducer(Diagnostics::SlowRequests requests, bool has_details)
      : requests_(std::move(requests)), has_details_(has_details) {}

  Progress produce(ReplyWriter& reply) override {
    // Each may have 4 KiB, which are written in two microseconds.
    constexpr std::size_t kRequestsPerSlice = 32;
    if (next_ == 0) reply.array(requests_.size());
    const std::size_t end = std::min(next_ + kRequestsPerSlice, requests_.size());
    for (; next_ < end; ++next_) write(*requests_[next_], reply);
    return next_ == requests_.size() ? Progress::done : Progress::more;
  }

 private:
  void write(const SlowRequest& request, ReplyWriter& reply) const {
    reply.array(has_details_ ? 8 : 6);
    reply.integer(static_cast<std::int64_t>(request.id));
    reply.integer(request.time);
    reply.integer(request.took.count());
    reply.array(request.words.size());
    for (const std::string& word : request.words) reply.bulk(word);
    reply.bulk(request.peer);
    reply.bulk(request.client_name);
    if (!has_details_) return;
    reply.bulk(request.is_deferred ? "behind" : "handler");
    reply.bulk(request.traceparent);
  }

  Diagnostics::SlowRequests requests_;
  bool has_details_;  ///< libraries that know GET stumble over more than six fields
  std::size_t next_ = 0;
};

class SlowlogHandler : public Handler {
 public:
  explicit SlowlogHandler(Service& service) : service_(service) {}

  std::span<const CommandSpec> commands() const override { return kCommands; }

  HandlerResult handle(const Request& request, ReplyWriter& reply,
                       HandlerContext& context) override {
    return (this->*answer_of(kRows, request))(request, reply, context);
  }

 private:
  HandlerResult details(const Request& request, ReplyWriter& reply, HandlerContext& context) {
    return tell(request, reply, context, true);
  }
  HandlerResult get(const Request& request, ReplyWriter& reply, HandlerContext& context) {
    return tell(request, reply, context, false);
  }
  HandlerResult tell(const Request& request, ReplyWriter& reply, HandlerContext& context,
                     bool has_details);
  HandlerResult len(const Request&, ReplyWriter& reply, HandlerContext&);
  HandlerResult reset(const Request&, ReplyWriter& reply, HandlerContext&);

  static constexpr MethodRow<SlowlogHandler> kRows[] = {
      {{.name = "details",
        .synopsis = "[count]",
        .summary = "As GET, and whose time it was (handler, behind), and the traceparent",
        .max_arguments = 1,
        .command_class = CommandClass::introspection},
       &SlowlogHandler::details},
      {{.name = "get",
        .synopsis = "[count]",
        .summary = "Lists the latest slow commands: id, time, usec, words, client, name",
        .max_arguments = 1,
        .command_class = CommandClass::introspection},
       &SlowlogHandler::get},
      {{.name = "len",
        .summary = "Counts the slow commands on record",
        .command_class = CommandClass::introspection},
       &SlowlogHandler::len},
      {{.name = "reset",
        .summary = "Forgets the slow commands on record",
        .command_class = CommandClass::admin},
       &SlowlogHandler::reset},
  };
  static constexpr auto kSubcommands = specs_of(kRows);
  static constexpr CommandSpec kCommands[] = {{.name = "slowlog",
                                               .summary = "Tells which commands were slow",
                                               .min_arguments = 1,
                                               .max_arguments = CommandSpec::kAnyNumber,
                                               .command_class = CommandClass::introspection,
                                               .subcommands = kSubcommands}};

  Service& service_;
};

/// Ten where nothing is said, all for -1.
HandlerResult SlowlogHandler::tell(const Request& request, ReplyWriter& reply,
                                   HandlerContext& context, bool has_details) {
  const auto arguments = request.arguments;
  const std::optional<std::int64_t> count = arguments.empty() ? 10 : parse_integer(arguments[0]);
  if (!count || *count < -1) {
    reply.error("ERR count should be greater than or equal to -1");
    return HandlerResult::replied;
  }
  const std::size_t most = *count == -1 ? SIZE_MAX : static_cast<std::size_t>(*count);
  context.produce(
      std::make_unique<SlowlogProducer>(service_.diagnostics().slow_requests(most), has_details));
  return HandlerResult::pending;
}

HandlerResult SlowlogHandler::len(const Request&, ReplyWriter& reply, HandlerContext&) {
  reply.integer(static_cast<std::int64_t>(service_.diagnostics().slow_request_count()));
  return HandlerResult::replied;
}

HandlerResult SlowlogHandler::reset(const Request&, ReplyWriter& reply, HandlerContext&) {
  service_.diagnostics().forget_slow_requests();
  reply.ok();
  return HandlerResult::replied;
}

}  // namespace

HandlerEntry slowlog_handler() {
  return builtin_entry<SlowlogHandler>("slowlog");
}

}  // namespace reactord
