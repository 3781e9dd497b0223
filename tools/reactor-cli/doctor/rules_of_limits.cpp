// SPDX-License-Identifier: MIT
// The rules of what is limited: clients, memory, descriptors, time.
#include "tools/reactor-cli/doctor/rules.h"

namespace reactord::cli {
namespace {

constexpr double kNearlyAllClients = 0.8;
constexpr double kNearlyAllMemory = 0.75;
constexpr double kManyIdle = 0.1;

std::optional<Advice> clients_near_limit(const Figures& f) {
  const double now = number(f, "connected_clients");
  const double limit = number(f, "maxclients");
  return advise(
      share(now, limit) >= kNearlyAllClients,
      fmt::format("{:.0f} of {:.0f} places for clients are taken", now, limit),
      fmt::format("server.max_connections above {:.0f}, and LimitNOFILE above that", limit));
}

std::optional<Advice> clients_refused(const Figures& f) {
  const double count = number(f, "event_refused_full");
  return advise(count > 0,
                fmt::format("{} refused: max_connections ({:.0f}) was reached",
                            counted(count, "client"), number(f, "maxclients")),
                fmt::format("server.max_connections above {:.0f}, or server.when_full = \"wait\"",
                            number(f, "maxclients")));
}

std::optional<Advice> clients_waited(const Figures& f) {
  const double count = number(f, "event_waiting_full");
  return advise(count > 0,
                fmt::format("max_connections ({:.0f}) was reached {}, and new clients waited",
                            number(f, "maxclients"), counted(count, "time")),
                fmt::format("server.max_connections above {:.0f}", number(f, "maxclients")));
}

std::optional<Advice> admins_refused(const Figures& f) {
  const double count = number(f, "event_refused_admin_full");
  return advise(count > 0,
                fmt::format("{} refused: max_admin_connections ({:.0f}) was reached",
                            counted(count, "administrator"), number(f, "max_admin_clients")),
                "server.max_admin_connections higher, or close what watches and is forgotten "
                "(reactor-cli --admin client list)");
}

std::optional<Advice> descriptors_short(const Figures& f) {
  return advise(number(f, "event_connections_lowered") > 0,
                fmt::format("max_connections was lowered to {:.0f}: the process may not have more "
                            "descriptors",
                            number(f, "maxclients")),
                "LimitNOFILE= in the unit (systemctl edit reactord), or ulimit -n, and restart");
}

std::optional<Advice> memory_short(const Figures& f) {
  return advise(number(f, "event_memory_lowered") > 0,
                "limits.max_buffer_memory was lowered: the process may not have so much memory",
                "MemoryMax= in the unit (or ulimit -v) higher, or limits.max_buffer_memory lower, "
                "and restart");
}

std::optional<Advice> buffers_near_limit(const Figures& f) {
  const double limit = size_of(f.text("limits.max_buffer_memory")).value_or(0);
  const double now = number(f, "mem_client_buffers");
  return advise(share(now, limit) >= kNearlyAllMemory,
                fmt::format("clients' buffers hold {} of {}; at the limit the largest holder is "
                            "closed",
                            short_bytes(now), short_bytes(limit)),
                "limits.max_buffer_memory higher, or limits.output_high_water and "
                "limits.max_frame lower");
}

std::optional<Advice> output_near_limit(const Figures& f) {
  const double limit = size_of(f.text("limits.output_high_water")).value_or(0);
  const double most = number(f, "clients_most_omem");
  return advise(share(most, limit) >= kNearlyAllMemory,
                fmt::format("{} has {} of replies unread; above {} it is no longer served",
                            f.text("clients_most_omem_who"), short_bytes(most), short_bytes(limit)),
                "nothing here: let that client read its replies while it sends; "
                "deadlines.write_stall closes it where it never does");
}

std::optional<Advice> idle_clients(const Figures& f) {
  const double idle = number(f, "clients_idle_hour");
  const double limit = number(f, "maxclients");
  return advise(f.text("deadlines.idle") == "off" && share(idle, limit) >= kManyIdle,
                fmt::format("{} idle for more than an hour, and they keep their places",
                            counted(idle, "client")),
                "deadlines.idle = \"1h\", if nobody means to be connected for so long without a "
                "word");
}

std::optional<Advice> deadlines_off(const Figures& f) {
  std::string off;
  for (const std::string_view name :
       {"deadlines.first_request", "deadlines.frame", "deadlines.write_stall"})
    if (f.text(name) == "off") off += fmt::format("{}{}", off.empty() ? "" : ", ", name);
  return advise(!off.empty(),
                fmt::format("off: {}; a client that hangs keeps its place for ever", off),
                "the defaults: deadlines.first_request = \"60s\", deadlines.frame = \"30s\", "
                "deadlines.write_stall = \"30s\"");
}

constexpr std::string_view kFifthIsRoom =
    "80%: who reconnects has two places for a moment, and a fifth is room to act";
constexpr std::string_view kOneLongReply = "75%: one more long reply reaches the limit";

constexpr Rule kLimitsRules[] = {
    {"clients-near-limit", Severity::near, "connected_clients maxclients", kFifthIsRoom,
     clients_near_limit},
    {"clients-refused", Severity::wrong, "event_refused_full maxclients", kOnceIsTooOften,
     clients_refused},
    {"clients-waited", Severity::near, "event_waiting_full maxclients", kOnceIsTooOften,
     clients_waited},
    {"admins-refused", Severity::wrong, "event_refused_admin_full max_admin_clients",
     kOnceIsTooOften, admins_refused},
    counting("addresses-refused", Severity::note, "event_refused_per_address", kOnceIsTooOften,
             {"client", "{} refused: too many from one address",
              "server.max_connections_per_address higher, where many clients share an address "
              "(NAT, a proxy); else nothing: it does what it is for"}),
    {"descriptors-short", Severity::wrong, "event_connections_lowered maxclients", kNothingToWeigh,
     descriptors_short},
    {"memory-short", Severity::wrong, "event_memory_lowered", kNothingToWeigh, memory_short},
    {"buffers-near-limit", Severity::near, "mem_client_buffers limits.max_buffer_memory",
     kOneLongReply, buffers_near_limit},
    counting("clients-closed-for-memory", Severity::wrong, "event_closed_memory", kOnceIsTooOften,
             {"client",
              "{} closed, because all buffers together reached "
              "limits.max_buffer_memory",
              "limits.max_buffer_memory higher, or limits.output_high_water lower"}),
    counting("system-memory", Severity::wrong, "event_out_of_memory event_closed_out_of_memory",
             "each time may have cost a client its connection",
             {"time", "the system had no memory {}",
              "limits.max_buffer_memory lower, or more memory for the machine or the unit "
              "(MemoryMax=)"}),
    counting("descriptors-exhausted", Severity::wrong, "event_accept_exhausted", kOnceIsTooOften,
             {"time", "clients could not be accepted {}: no descriptor or no memory was left",
              "LimitNOFILE= higher (the log's accept_exhausted tells what was missing), or "
              "fs.file-max where the whole machine is short"}),
    {"output-near-limit", Severity::near,
     "clients_most_omem clients_most_omem_who limits.output_high_water", kOneLongReply,
     output_near_limit},
    {"idle-clients", Severity::note, "clients_idle_hour maxclients deadlines.idle",
     "an hour is longer than keep-alives and pools; a tenth of all places is missed", idle_clients},
    {"deadlines-off", Severity::note,
     "deadlines.first_request deadlines.frame deadlines.write_stall", kNothingToWeigh,
     deadlines_off},
};

}  // namespace

std::span<const Rule> rules_of_limits() {
  return kLimitsRules;
}

}  // namespace reactord::cli
