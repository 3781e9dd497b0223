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

std::optional<Advice> slow_handlers(const Figures& f) {
  const double count = number(f, "event_handler_slow");
  return advise(count > 0,
                fmt::format("a handler held the loop too long {}, and everybody waited for it",
                            counted(count, "time")),
                "the handler (the log's handler_slow names it): offload its long work; "
                "log.slow_handler is what counts as long");
}

std::optional<Advice> handler_faults(const Figures& f) {
  const double count = number(f, "event_handler_threw") + number(f, "event_handler_broke_rules");
  return advise(count > 0,
                fmt::format("handlers failed {}, each of which cost a client its reply",
                            counted(count, "time")),
                "the handler: the log's handler_threw and handler_broke_rules tell which, and what "
                "it did");
}

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

std::optional<Advice> workers_refused(const Figures& f) {
  const double count = number(f, "worker_refused");
  return advise(
      count > 0,
      fmt::format("{} of offloaded work refused: too much was waiting", counted(count, "piece")),
      "server.workers higher, or server.max_offloaded where clients may wait longer");
}

std::optional<Advice> workers_behind(const Figures& f) {
  const double waited = number(f, "worker_waited_usec");
  const double worked = number(f, "worker_worked_usec");
  return advise(number(f, "worker_done") >= kEnoughWork && waited > worked,
                fmt::format("offloaded work waits {:.1f} times as long as it takes",
                            waited / std::max(worked, 1.0)),
                "server.workers higher, up to the number of processors where the work computes");
}

std::optional<Advice> clients_stalled(const Figures& f) {
  const double count = number(f, "event_closed_write_stall");
  return advise(
      count > 0,
      fmt::format("{} closed: took no reply for deadlines.write_stall", counted(count, "client")),
      "nothing, where those had vanished; deadlines.write_stall higher, where they are "
      "only slow");
}

std::optional<Advice> requests_cut(const Figures& f) {
  const double count = number(f, "event_closed_frame");
  return advise(count > 0,
                fmt::format("{} closed: a request was not complete within deadlines.frame",
                            counted(count, "client")),
                "deadlines.frame higher, where clients send large requests over slow lines");
}

std::optional<Advice> foreign_clients(const Figures& f) {
  const double count = number(f, "event_closed_foreign");
  return advise(count > 0,
                fmt::format("{} spoke another protocol, as TLS or HTTP", counted(count, "client")),
                "the client's address or port (the log's closed_foreign names it)");
}

std::optional<Advice> protocol_errors(const Figures& f) {
  const double count = number(f, "event_closed_protocol_error");
  return advise(count > 0, fmt::format("{} closed for a protocol error", counted(count, "client")),
                "the client's library, or limits.max_frame and limits.max_inline where requests "
                "were too large (the log's closed_protocol_error tells)");
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

std::optional<Advice> log_dropped(const Figures& f) {
  const double count = number(f, "log_records_dropped");
  return advise(count > 0,
                fmt::format("{} of the log lost: it could not be written, or not fast enough",
                            counted(count, "record")),
                "a faster log.target, or log.level higher");
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

std::optional<Advice> reload_failed(const Figures& f) {
  const double count = number(f, "event_reload_failed");
  return advise(
      count > 0,
      fmt::format("{} refused: the file was wrong, and the configuration before it stayed",
                  counted(count, "reload")),
      "reactord --check-config tells what is wrong with the file; then reload (nothing, "
      "if a later one went well)");
}

std::optional<Advice> restart_needed(const Figures& f) {
  const double count = number(f, "event_setting_needs_restart");
  return advise(
      count > 0,
      fmt::format("{} changed in the file, and wait for a restart", counted(count, "setting")),
      "systemctl restart reactord, when it suits");
}

std::optional<Advice> draining(const Figures& f) {
  return advise(f.text("draining") == "1", "new clients are refused: DRAIN ON",
                "reactor-cli --admin drain off, when they may come again");
}

constexpr Rule kRules[] = {
    {"slow-handlers", Severity::wrong, "event_handler_slow",
     "log.slow_handler is the threshold; beyond it people notice", slow_handlers},
    {"handler-faults", Severity::wrong, "event_handler_threw event_handler_broke_rules",
     "each is a fault in a program", handler_faults},
    {"long-turns", Severity::near, "loop_turns loop_turn_usec_p99",
     "2 ms: no turn is meant to take longer; ten in a thousand are no accident", long_turns},
    {"busy", Severity::near, "uptime_in_seconds used_cpu_user used_cpu_sys",
     "70% of the one processor that it can use: beyond it waiting grows fast; a minute, so that "
     "the start does not count",
     busy},
    {"workers-refused", Severity::wrong, "worker_refused", kOnceIsTooOften, workers_refused},
    {"workers-behind", Severity::near, "worker_done worker_waited_usec worker_worked_usec",
     "waiting is longer than working, in a hundred pieces or more", workers_behind},
    {"clients-stalled", Severity::note, "event_closed_write_stall", kOnceIsTooOften,
     clients_stalled},
    {"requests-cut", Severity::note, "event_closed_frame", kOnceIsTooOften, requests_cut},
    {"foreign-clients", Severity::note, "event_closed_foreign", kOnceIsTooOften, foreign_clients},
    {"protocol-errors", Severity::note, "event_closed_protocol_error", kOnceIsTooOften,
     protocol_errors},
    {"failing-commands", Severity::near, "total_commands_processed",
     "a tenth of a hundred calls or more is no chance", failing_commands},
    {"log-dropped", Severity::wrong, "log_records_dropped", "what is lost may be what matters",
     log_dropped},
    {"log-unwritable", Severity::wrong, "event_log_unwritable event_log_writable", kNothingToWeigh,
     log_unwritable},
    {"log-verbose", Severity::note, "log.level", kNothingToWeigh, log_verbose},
    {"reload-failed", Severity::note, "event_reload_failed",
     "what the file says is not what is in force", reload_failed},
    {"restart-needed", Severity::note, "event_setting_needs_restart",
     "what the file says is not what is in force", restart_needed},
    {"draining", Severity::near, "draining", kNothingToWeigh, draining},
};

}  // namespace

std::span<const Rule> rules_of_load() {
  return kRules;
}

}  // namespace reactord::cli
