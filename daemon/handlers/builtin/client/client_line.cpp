// SPDX-License-Identifier: MIT
#include "daemon/handlers/builtin/client/client_line.h"

#include <fmt/format.h>

#include <iterator>

namespace reactord {
namespace {

/// Redis' flag letters (CLIENT LIST in its manual).
std::string flags_of(const ClientFacts& client) {
  std::string flags;
  if (client.pending) flags += 'b';
  if (client.closing) flags += 'c';
  if (client.subscribed) flags += 'P';
  if (client.peer.starts_with("unix:")) flags += 'U';
  return flags.empty() ? "N" : flags;
}

/// Of the other end of a Unix socket; Redis has no such fields.
std::string process_of(const ClientFacts& client) {
  if (client.peer_pid < 0) return {};
  return fmt::format(" peer-pid={} peer-uid={}", client.peer_pid, client.peer_uid);
}

}  // namespace

void append_client(std::string& lines, const ClientFacts& client) {
  fmt::format_to(
      std::back_inserter(lines),
      "id={} addr={} laddr={} fd={} name={} age={} idle={} flags={} db=0 sub={} psub=0 ssub=0 "
      "multi=-1 qbuf={} qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl={} oll=0 omem=0 "
      "tot-mem={} events={} cmd={} user={} redir=-1 resp={} lib-name={} lib-ver={} "
      "tot-net-in={} tot-net-out={} tot-cmds={} tot-cpu-usec={} tot-latency-usec={} "
      "max-latency-usec={} last-error={} listener={}{}\n",
      client.id, client.peer, client.local, client.fd, client.name, client.age.count(),
      client.idle.count(), flags_of(client), client.subscribed ? 1 : 0, client.input_bytes,
      client.output_bytes, client.memory_bytes, client.output_bytes > 0 ? "rw" : "r",
      client.last_command, client.user, client.protocol, client.library_name,
      client.library_version, client.bytes_received, client.bytes_sent, client.commands,
      client.worked.count(), client.latency.count(), client.longest_latency.count(),
      client.latest_error, client.listener, process_of(client));
}

}  // namespace reactord
