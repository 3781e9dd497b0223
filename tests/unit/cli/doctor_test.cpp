// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

#include "tools/reactor-cli/doctor/diagnosis.h"

using namespace reactord::cli;

namespace {

/// "name=value" with blanks between.
Figures figures(std::string_view fields) {
  return Figures::from_fields(fields, ' ');
}

struct FindingRow {
  std::string_view id;
  std::string_view fires;
  std::string_view does_not;  ///< and is just below the threshold
  std::string_view says;      ///< a part of it
};

constexpr FindingRow kFindings[] = {
    {"clients-near-limit", "connected_clients=80 maxclients=100",
     "connected_clients=79 maxclients=100", "80 of 100 places"},
    {"clients-refused", "event_refused_full=1 maxclients=9", "event_refused_full=0 maxclients=9",
     "1 client refused: max_connections (9)"},
    {"clients-waited", "event_waiting_full=2 maxclients=9", "event_waiting_full=0 maxclients=9",
     "2 times"},
    {"admins-refused", "event_refused_admin_full=1 max_admin_clients=16",
     "event_refused_admin_full=0 max_admin_clients=16", "1 administrator"},
    {"addresses-refused", "event_refused_per_address=3", "event_refused_per_address=0",
     "3 clients refused"},
    {"descriptors-short", "event_connections_lowered=1 maxclients=80",
     "event_connections_lowered=0 maxclients=80", "lowered to 80"},
    {"memory-short", "event_memory_lowered=1", "event_memory_lowered=0", "lowered"},
    {"buffers-near-limit", "mem_client_buffers=786432 limits.max_buffer_memory=1MiB",
     "mem_client_buffers=786431 limits.max_buffer_memory=1MiB", "768K of 1.0M"},
    {"clients-closed-for-memory", "event_closed_memory=1", "event_closed_memory=0", "1 client"},
    {"system-memory", "event_out_of_memory=0 event_closed_out_of_memory=1",
     "event_out_of_memory=0 event_closed_out_of_memory=0", "1 time"},
    {"restarts-drain", "event_handover_impossible=1", "event_handover_impossible=0", "1 time"},
    {"upgrades-undone", "event_handover_undone=2", "event_handover_undone=0", "2 times"},
    {"not-resumed", "event_not_resumed=3", "event_not_resumed=0", "3 connections"},
    {"descriptors-exhausted", "event_accept_exhausted=4", "event_accept_exhausted=0", "4 times"},
    {"output-near-limit",
     "clients_most_omem=786432 clients_most_omem_who=client-7 limits.output_high_water=1MiB",
     "clients_most_omem=786431 clients_most_omem_who=client-7 limits.output_high_water=1MiB",
     "client-7 has 768K"},
    {"idle-clients", "clients_idle_hour=10 maxclients=100 deadlines.idle=off",
     "clients_idle_hour=10 maxclients=100 deadlines.idle=2h", "10 clients idle"},
    {"idle-clients", "clients_idle_hour=10 maxclients=100 deadlines.idle=off",
     "clients_idle_hour=9 maxclients=100 deadlines.idle=off", "10 clients idle"},
    {"deadlines-off", "deadlines.first_request=60s deadlines.frame=off deadlines.write_stall=off",
     "deadlines.first_request=60s deadlines.frame=30s deadlines.write_stall=30s",
     "off: deadlines.frame, deadlines.write_stall;"},
    {"open-to-all", "event_listener_open_to_all=1", "event_listener_open_to_all=0",
     "other machines"},
    {"one-may-take-all", "event_listener_open_to_all=1 server.max_connections_per_address=0",
     "event_listener_open_to_all=1 server.max_connections_per_address=5", "one machine"},
    {"one-may-take-all", "event_listener_open_to_all=1 server.max_connections_per_address=0",
     "event_listener_open_to_all=0 server.max_connections_per_address=0", "one machine"},
    {"certificate-ends", "event_certificate_expires=1 certificate_days_left=13",
     "event_certificate_expires=1 certificate_days_left=14", "expires in 13 days"},
    {"certificate-ends", "event_certificate_expires=1 certificate_days_left=-1",
     "event_certificate_expires=0", "has expired"},
    {"passwords-in-the-clear", "event_listener_open_to_all=1 event_logged_in=1",
     "event_listener_open_to_all=1 event_logged_in=1 certificate_days_left=90", "no listener"},
    {"passwords-in-the-clear", "event_listener_open_to_all=1 event_logged_in=1",
     "event_listener_open_to_all=1 event_logged_in=0", "no listener"},
    {"handshakes-refused", "event_refused_handshake=2", "event_refused_handshake=0",
     "2 handshakes"},
    {"plain-text-at-tls", "event_refused_plain_text=1", "event_refused_plain_text=0", "1 client"},
    {"handshakes-waited", "event_waiting_handshakes=1", "event_waiting_handshakes=0", "1 time"},
    {"proxies-refused", "event_refused_proxy_sender=1 event_refused_proxy_header=1",
     "event_refused_proxy_sender=0 event_refused_proxy_header=0", "2 connections"},
    {"logins-refused", "event_login_refused=1", "event_login_refused=0", "1 login"},
    {"logins-crowded", "event_refused_before_login=1", "event_refused_before_login=0", "1 client"},
    {"limits-strike",
     "event_limit_refused=1 event_refused_limit=1 event_limit_slowed=1 event_closed_limit=1",
     "event_limit_refused=0 event_refused_limit=0 event_limit_slowed=0 event_closed_limit=0",
     "struck 4 times"},
    {"limits-tried", "event_limit_dry_run=1", "event_limit_dry_run=0", "would have struck 1 time"},
    {"slow-handlers", "event_handler_slow=1", "event_handler_slow=0",
     "held the loop too long 1 time"},
    {"handler-faults", "event_handler_threw=1 event_handler_broke_rules=2",
     "event_handler_threw=0 event_handler_broke_rules=0", "failed 3 times"},
    {"long-turns", "loop_turns=1000 loop_turn_usec_p99=2001",
     "loop_turns=1000 loop_turn_usec_p99=2000", "2.0 ms"},
    {"long-turns", "loop_turns=1000 loop_turn_usec_p99=2001",
     "loop_turns=999 loop_turn_usec_p99=2001", "2.0 ms"},
    {"busy", "uptime_in_seconds=60 used_cpu_user=30 used_cpu_sys=12",
     "uptime_in_seconds=60 used_cpu_user=30 used_cpu_sys=11.9", "70% of a processor"},
    {"busy", "uptime_in_seconds=60 used_cpu_user=30 used_cpu_sys=12",
     "uptime_in_seconds=59 used_cpu_user=59 used_cpu_sys=0", "70% of a processor"},
    {"workers-refused", "worker_refused=1", "worker_refused=0", "1 piece"},
    {"workers-behind", "worker_done=100 worker_waited_usec=3000 worker_worked_usec=1000",
     "worker_done=99 worker_waited_usec=3000 worker_worked_usec=1000", "3.0 times"},
    {"workers-behind", "worker_done=100 worker_waited_usec=3000 worker_worked_usec=1000",
     "worker_done=100 worker_waited_usec=1000 worker_worked_usec=1000", "3.0 times"},
    {"clients-stalled", "event_closed_write_stall=1", "event_closed_write_stall=0",
     "took no reply"},
    {"requests-cut", "event_closed_frame=1", "event_closed_frame=0", "deadlines.frame"},
    {"foreign-clients", "event_closed_foreign=1", "event_closed_foreign=0", "another protocol"},
    {"protocol-errors", "event_closed_protocol_error=1", "event_closed_protocol_error=0",
     "protocol error"},
    {"failing-commands",
     "total_commands_processed=1 cmdstat_ceil=calls=100,failed_calls=10 "
     "cmdstat_text=calls=100,failed_calls=11",
     "total_commands_processed=1 cmdstat_ceil=calls=100,failed_calls=9 "
     "cmdstat_text=calls=99,failed_calls=99",
     "ceil, text"},
    {"log-dropped", "log_records_dropped=5", "log_records_dropped=0", "5 records"},
    {"log-unwritable", "event_log_unwritable=2 event_log_writable=1 log.target=/x",
     "event_log_unwritable=2 event_log_writable=2 log.target=/x", "the log /x cannot"},
    {"log-verbose", "log.level=debug", "log.level=info", "debug"},
    {"log-verbose", "log.level=trace", "log.level=warning", "trace"},
    {"reload-failed", "event_reload_failed=1", "event_reload_failed=0", "1 reload refused"},
    {"restart-needed", "event_setting_needs_restart=2", "event_setting_needs_restart=0",
     "2 settings"},
    {"draining", "draining=1", "draining=0", "DRAIN ON"},
};

const Finding* found(const Diagnosis& diagnosis, std::string_view id) {
  const auto at = std::find_if(diagnosis.findings.begin(), diagnosis.findings.end(),
                               [id](const Finding& finding) { return finding.rule->id == id; });
  return at == diagnosis.findings.end() ? nullptr : &*at;
}

bool is_judged(const Diagnosis& diagnosis, std::string_view id) {
  return std::none_of(diagnosis.not_judged.begin(), diagnosis.not_judged.end(),
                      [id](const Rule* rule) { return rule->id == id; });
}

}  // namespace

TEST_CASE("each rule fires where it should, and not where it just should not") {
  std::set<std::string_view> tested;
  for (const FindingRow& row : kFindings) {
    CAPTURE(row.id);
    CAPTURE(row.does_not);
    tested.insert(row.id);
    const Diagnosis ill = diagnose(figures(row.fires));
    const Finding* finding = found(ill, row.id);
    REQUIRE(finding != nullptr);
    CHECK_MESSAGE(finding->advice.says.find(row.says) != std::string::npos, finding->advice.says);
    CHECK_FALSE(finding->advice.set.empty());
    CHECK_FALSE(finding->rule->because.empty());
    const Diagnosis well = diagnose(figures(row.does_not));
    CHECK(found(well, row.id) == nullptr);
    CHECK(is_judged(well, row.id));
  }
  for (const Rule* rule : rules()) {
    INFO("a row is missing for ", rule->id);
    CHECK(tested.contains(rule->id));
  }
}

TEST_CASE("ids are unique, and what is wrong is told first") {
  std::set<std::string_view> ids;
  Severity last = Severity::wrong;
  for (const Rule* rule : rules()) {
    CHECK(ids.insert(rule->id).second);
    CHECK(last <= rule->severity);
    last = rule->severity;
  }
}

TEST_CASE("what is not told is not judged") {
  const Diagnosis nothing = diagnose(Figures());
  CHECK(nothing.findings.empty());
  CHECK(nothing.not_judged.size() == rules().size());
  CHECK_FALSE(is_judged(diagnose(figures("event_refused_full=1")), "clients-refused"));
}

TEST_CASE("figures that are no numbers find nothing") {
  const Diagnosis odd =
      diagnose(figures("connected_clients=many maxclients=1e999 mem_client_buffers=-1 "
                       "limits.max_buffer_memory=lots loop_turn_usec_p99=nan"));
  CHECK(odd.findings.empty());
}

TEST_CASE("the clients' figures are those of the longest idle and the fullest") {
  Figures all;
  add_clients("id=1 addr=10.0.0.1:7 idle=3600 omem=5\nid=2 addr=\x1b[2J idle=3599 omem=9\r\nid=x\n",
              all);
  CHECK(all.text("clients_idle_hour") == "1");
  CHECK(all.text("clients_most_omem") == "9");
  CHECK(all.text("clients_most_omem_who") == "client 2 at \x1b[2J");
}

TEST_CASE("sizes as CONFIG GET shows them") {
  CHECK(size_of("64KiB") == 65536);
  CHECK(size_of("7B") == 7);
  CHECK(size_of("12") == 12);
  CHECK_FALSE(size_of("off").has_value());
  CHECK_FALSE(size_of("1 MB").has_value());
}
