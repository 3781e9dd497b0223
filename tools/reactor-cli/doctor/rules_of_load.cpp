// SPDX-License-Identifier: MIT
// The rules of how it goes: handlers, the loop, workers, what clients do, the log, reloads.
#include "tools/reactor-cli/doctor/rules.h"

#include <algorithm>

namespace reactord::cli {
namespace {

constexpr double kLongTurnMicroseconds = 2000;
constexpr double kEnoughTurns = 1000;
constexpr double kBusy = 0.7;
constexpr double kLongEnoughSeconds = 60;
constexpr double kEnoughWork = 100;
constexpr double kManyFailed = 0.1;

std::optional<Advice> long_turns(const Figures& f) {
  const double p99 = number(f, "loop_turn_usec_p99");
  return advise(
      number(f, "loop_turns") >= kEnoughTurns && p99 > kLongTurnMicroseconds,
      fmt::format("one turn of the loop in a hundred takes {:.1f} ms or more", p99 / 1000),
      "offload what handlers do (INFO commandstats: usec_per_call); a machine that is "
      "short of processor time does it, too (reactor-cli --intrinsic-latency 10)");
}

std::optional<Advice> busy(const Figures& f) {
  const double up = number(f, "uptime_in_seconds");
  const double used = number(f, "used_cpu_user") + number(f, "used_cpu_sys");
  return advise(
      up >= kLongEnoughSeconds && share(used, up) >= kBusy,
      fmt::format("it has used {:.0f}% of a processor since it was started", 100 * share(used, up)),
      "a second instance (reactord@.service), since one process serves one processor; "
      "INFO commandstats tells what the time is spent on");
}

std::optional<Advice> workers_behind(const Figures& f) {
  const double waited = number(f, "worker_waited_usec");
  const double worked = number(f, "worker_worked_usec");
  return advise(number(f, "worker_done") >= kEnoughWork && waited > worked,
                fmt::format("offloaded work waits {:.1f} times as long as it takes",
                            waited / std::max(worked, 1.0)),
                "server.workers higher, up to the number of processors where the work computes");
}

std::optional<Advice> failing_commands(const Figures& f) {
  std::string names;
  for (const auto& [name, command] : command_stats(f)) {
    const double calls = command.number_or("calls", 0);
    if (calls < kEnoughWork || share(command.number_or("failed_calls", 0), calls) < kManyFailed)
      continue;
    names += fmt::format("{}{}", names.empty() ? "" : ", ", name);
  }
  return advise(!names.empty(),
                fmt::format("a tenth or more of these commands' calls are answered with an error: "
                            "{}",
                            names),
                "INFO errorstats tells which errors; log.level = \"debug\" and the handler's log "
                "tell more");
}

std::optional<Advice> log_unwritable(const Figures& f) {
  return advise(
      number(f, "event_log_unwritable") > number(f, "event_log_writable"),
      fmt::format("the log {} cannot be written: records are being lost", f.text("log.target")),
      "room on the disk, or log.target where the daemon's user may write");
}

std::optional<Advice> log_verbose(const Figures& f) {
  const std::string_view level = f.text("log.level");
  return advise(level == "debug" || level == "trace",
                fmt::format("log.level is {}: each connection is logged, which costs time", level),
                "log.level = \"info\" (reactor-cli --admin log level info)");
}

std::optional<Advice> draining(const Figures& f) {
  return advise(f.text("draining") == "1", "new clients are refused: DRAIN ON",
                "reactor-cli --admin drain off, when they may come again");
}

constexpr Rule kLoadRules[] = {
    counting("slow-handlers", Severity::wrong, "event_handler_slow",
             "log.slow_handler is the threshold; beyond it people notice",
             {"time", "a handler held the loop too long {}, and everybody waited for it",
              "the handler (the log's handler_slow names it): offload its long work; "
              "log.slow_handler is what counts as long"}),
    counting("handler-faults", Severity::wrong, "event_handler_threw event_handler_broke_rules",
             "each is a fault in a program",
             {"time", "handlers failed {}, each of which cost a client its reply",
              "the handler: the log's handler_threw and handler_broke_rules tell which, and what "
              "it did"}),
    {"long-turns", Severity::near, "loop_turns loop_turn_usec_p99",
     "2 ms: no turn is meant to take longer; ten in a thousand are no accident", long_turns},
    {"busy", Severity::near, "uptime_in_seconds used_cpu_user used_cpu_sys",
     "70% of the one processor that it can use: beyond it waiting grows fast; a minute, so that "
     "the start does not count",
     busy},
    counting("workers-refused", Severity::wrong, "worker_refused", kOnceIsTooOften,
             {"piece", "{} of offloaded work refused: too much was waiting",
              "server.workers higher, or server.max_offloaded where clients may wait longer"}),
    {"workers-behind", Severity::near, "worker_done worker_waited_usec worker_worked_usec",
     "waiting is longer than working, in a hundred pieces or more", workers_behind},
    counting("clients-stalled", Severity::note, "event_closed_write_stall", kOnceIsTooOften,
             {"client", "{} closed: took no reply for deadlines.write_stall",
              "nothing, where those had vanished; deadlines.write_stall higher, where they are "
              "only slow"}),
    counting("requests-cut", Severity::note, "event_closed_frame", kOnceIsTooOften,
             {"client", "{} closed: a request was not complete within deadlines.frame",
              "deadlines.frame higher, where clients send large requests over slow lines"}),
    counting("foreign-clients", Severity::note, "event_closed_foreign", kOnceIsTooOften,
             {"client", "{} spoke another protocol, as TLS or HTTP",
              "the client's address or port (the log's closed_foreign names it)"}),
    counting("protocol-errors", Severity::note, "event_closed_protocol_error", kOnceIsTooOften,
             {"client", "{} closed for a protocol error",
              "the client's library, or limits.max_frame and limits.max_inline where requests "
              "were too large (the log's closed_protocol_error tells)"}),
    {"failing-commands", Severity::near, "total_commands_processed",
     "a tenth of a hundred calls or more is no chance", failing_commands},
    counting("log-dropped", Severity::wrong, "log_records_dropped",
             "what is lost may be what matters",
             {"record", "{} of the log lost: it could not be written, or not fast enough",
              "a faster log.target, or log.level higher"}),
    {"log-unwritable", Severity::wrong, "event_log_unwritable event_log_writable", kNothingToWeigh,
     log_unwritable},
    {"log-verbose", Severity::note, "log.level", kNothingToWeigh, log_verbose},
    counting("reload-failed", Severity::note, "event_reload_failed",
             "what the file says is not what is in force",
             {"reload", "{} refused: the file was wrong, and the configuration before it stayed",
              "reactord --check-config tells what is wrong with the file; then reload (nothing, "
              "if a later one went well)"}),
    counting("restart-needed", Severity::note, "event_setting_needs_restart",
             "what the file says is not what is in force",
             {"setting", "{} changed in the file, and wait for a restart",
              "systemctl restart reactord, when it suits"}),
    {"draining", Severity::near, "draining", kNothingToWeigh, draining},
};

}  // namespace

std::span<const Rule> rules_of_load() {
  return kLoadRules;
}

}  // namespace reactord::cli
