// SPDX-License-Identifier: MIT
// LATENCY: how long the commands take, and which turns of the loop were slow. Subcommands and
// replies are those of Redis 7; the one event on record is `turn`.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "daemon/interface/command_rows.h"
#include "daemon/interface/diagnostics.h"
#include "daemon/interface/handler_entry.h"
#include "protocol/words.h"

namespace reactord {
namespace {

constexpr std::string_view kTurn = "turn";

/// `wanted` names the command, or that which it is a subcommand of.
bool names(std::string_view wanted, std::string_view command) {
  return same_word(command, wanted) || same_word(command.substr(0, command.find('|')), wanted);
}

class HistogramProducer : public ReplyProducer {
 public:
  HistogramProducer(const Diagnostics& diagnostics, std::vector<std::string> wanted)
      : diagnostics_(diagnostics), wanted_(std::move(wanted)) {}

  Progress produce(ReplyWriter& reply) override {
    // The buckets of one command are added up in a few microseconds.
    constexpr int kCommandsPerSlice = 16;
    for (int i = 0; i < kCommandsPerSlice; ++i) {
      CommandLatency latency;
      if (!diagnostics_.next_latency(cursor_, latency)) {
        write(reply);
        return Progress::done;
      }
      if (is_wanted(latency.command)) found_.push_back(std::move(latency));
    }
    return Progress::more;
  }

 private:
  [[nodiscard]] bool is_wanted(std::string_view command) const {
    return wanted_.empty() || std::ranges::any_of(wanted_, [command](const std::string& wanted) {
             return names(wanted, command);
           });
  }

  void write(ReplyWriter& reply) const {
    reply.map(found_.size());
    for (const CommandLatency& latency : found_) {
      reply.bulk(latency.command);
      reply.map(2);
      reply.bulk("calls");
      reply.integer(static_cast<std::int64_t>(latency.requests));
      reply.bulk("histogram_usec");
      reply.map(latency.steps.size());
      for (const CommandLatency::Step& step : latency.steps) {
        reply.integer(static_cast<std::int64_t>(step.usec));
        reply.integer(static_cast<std::int64_t>(step.requests));
      }
    }
  }

  const Diagnostics& diagnostics_;
  std::vector<std::string> wanted_;
  std::vector<CommandLatency> found_;
  std::size_t cursor_ = 0;
};

class LatencyHandler : public Handler {
 public:
  explicit LatencyHandler(Service& service) : service_(service) {}

  std::span<const CommandSpec> commands() const override { return kCommands; }

  HandlerResult handle(const Request& request, ReplyWriter& reply,
                       HandlerContext& context) override {
    return (this->*answer_of(kRows, request))(request, reply, context);
  }

 private:
  HandlerResult doctor(const Request&, ReplyWriter& reply, HandlerContext&);
  HandlerResult histogram(const Request& request, ReplyWriter&, HandlerContext& context);
  HandlerResult history(const Request& request, ReplyWriter& reply, HandlerContext&);
  HandlerResult latest(const Request&, ReplyWriter& reply, HandlerContext&);
  HandlerResult reset(const Request& request, ReplyWriter& reply, HandlerContext&);

  /// More than there are commands.
  static constexpr std::size_t kMaxNames = 256;

  static constexpr MethodRow<LatencyHandler> kRows[] = {
      {{.name = "doctor",
        .summary = "Says in words what is on record",
        .command_class = CommandClass::introspection},
       &LatencyHandler::doctor},
      {{.name = "histogram",
        .synopsis = "[command ...]",
        .summary = "Counts the commands' requests by how long they took",
        .max_arguments = kMaxNames,
        .command_class = CommandClass::introspection},
       &LatencyHandler::histogram},
      {{.name = "history",
        .synopsis = "event",
        .summary = "Lists when an event was slow, and how many ms it took",
        .min_arguments = 1,
        .max_arguments = 1,
        .command_class = CommandClass::introspection},
       &LatencyHandler::history},
      {{.name = "latest",
        .summary = "Lists each event's latest and longest time; `turn` is one of the loop",
        .command_class = CommandClass::introspection},
       &LatencyHandler::latest},
      {{.name = "reset",
        .synopsis = "[event ...]",
        .summary = "Forgets what is on record of the events, or of all",
        .max_arguments = CommandSpec::kAnyNumber,
        .command_class = CommandClass::admin},
       &LatencyHandler::reset},
  };
  static constexpr auto kSubcommands = specs_of(kRows);
  static constexpr CommandSpec kCommands[] = {{.name = "latency",
                                               .summary = "Tells how long commands and turns take",
                                               .min_arguments = 1,
                                               .max_arguments = CommandSpec::kAnyNumber,
                                               .command_class = CommandClass::introspection,
                                               .subcommands = kSubcommands}};

  [[nodiscard]] const SlowTurns& turns() const { return service_.diagnostics().slow_turns(); }

  Service& service_;
};

HandlerResult LatencyHandler::doctor(const Request&, ReplyWriter& reply, HandlerContext&) {
  const std::vector<SlowTurns::Sample>& samples = turns().samples;
  if (samples.empty()) {
    reply.text("No slow turn is on record: none took longer than latency.slow_turn.");
    return HandlerResult::replied;
  }
  reply.text(fmt::format(
      "Slow turns are on record in {} seconds (LATENCY HISTORY turn). The latest took {} ms, the "
      "longest {} ms.\n"
      "Everyone waits for a slow turn. Who holds the loop:\n"
      "- a handler: SLOWLOG GET has its requests, the log has handler_slow;\n"
      "- the machine: the process was stopped, swapped out, or had no processor.",
      samples.size(), samples.back().ms, turns().longest_ms));
  return HandlerResult::replied;
}

HandlerResult LatencyHandler::histogram(const Request& request, ReplyWriter&,
                                        HandlerContext& context) {
  std::vector<std::string> wanted(request.arguments.begin(), request.arguments.end());
  context.produce(std::make_unique<HistogramProducer>(service_.diagnostics(), std::move(wanted)));
  return HandlerResult::pending;
}

HandlerResult LatencyHandler::history(const Request& request, ReplyWriter& reply, HandlerContext&) {
  if (!same_word(request.arguments[0], kTurn)) {
    reply.array(0);
    return HandlerResult::replied;
  }
  reply.array(turns().samples.size());
  for (const SlowTurns::Sample& sample : turns().samples) {
    reply.array(2);
    reply.integer(sample.time);
    reply.integer(sample.ms);
  }
  return HandlerResult::replied;
}

HandlerResult LatencyHandler::latest(const Request&, ReplyWriter& reply, HandlerContext&) {
  if (turns().samples.empty()) {
    reply.array(0);
    return HandlerResult::replied;
  }
  const SlowTurns::Sample& last = turns().samples.back();
  reply.array(1);
  reply.array(4);
  reply.bulk(kTurn);
  reply.integer(last.time);
  reply.integer(last.ms);
  reply.integer(turns().longest_ms);
  return HandlerResult::replied;
}

/// Answers how many events were forgotten.
HandlerResult LatencyHandler::reset(const Request& request, ReplyWriter& reply, HandlerContext&) {
  const bool is_meant = request.arguments.empty() ||
                        std::ranges::any_of(request.arguments, [](std::string_view event) {
                          return same_word(event, kTurn);
                        });
  const bool forgets = is_meant && !turns().samples.empty();
  if (forgets) service_.diagnostics().forget_slow_turns();
  reply.integer(forgets ? 1 : 0);
  return HandlerResult::replied;
}

}  // namespace

HandlerEntry latency_handler() {
  return builtin_entry<LatencyHandler>("latency");
}

}  // namespace reactord
