// SPDX-License-Identifier: MIT
#include "daemon/trial/config_trial.h"

#include <fmt/format.h>

#include "daemon/admission/socket_opening.h"
#include "daemon/log/event_log.h"
#include "daemon/net/listening_socket.h"
#include "daemon/trial/socket_owner.h"

namespace reactord {

namespace {

/// The file of a Unix socket that nobody listens on any more.
bool is_stale(const SocketAddress& address) {
  return !address.is_ip() && owner_of(address) == SocketOwner::nobody;
}

void try_address(const Endpoint& endpoint, const ListenerSettings& listener, ConfigTrial& trial) {
  const SocketAddress address = socket_address(endpoint);
  BindTrial bound = try_to_bind(address);
  switch (bound.status) {
    case BindTrial::Status::free:
      return;
    case BindTrial::Status::no_such_family:
      if (may_be_left_out(endpoint, listener)) return;
      break;
    case BindTrial::Status::taken:
      if (is_stale(address)) return;  // a start replaces it
      if (owner_of(address) != SocketOwner::ours) break;
      trial.notes.push_back(fmt::format(
          "{} is in use by a reactord that runs: no second one can be started with this",
          address.to_string()));
      return;
    case BindTrial::Status::failed:
      break;
  }
  trial.problems.push_back(std::move(bound.problem));
}

void try_listener(const ListenerSettings& listener, ConfigTrial& trial) {
  UnixFileOptions file;
  if (std::string problem = unix_file_of(listener, file); !problem.empty())
    trial.problems.push_back(std::move(problem));
  for (const Endpoint& endpoint : listener.addresses)
    if (endpoint.kind != Endpoint::Kind::systemd) try_address(endpoint, listener, trial);
}

}  // namespace

ConfigTrial try_config(const Config& config) {
  ConfigTrial trial;
  for (const std::string& target : {config.log.target, config.log.access_target})
    if (std::string problem = EventLog::problem_with_target(target); !problem.empty())
      trial.problems.push_back(std::move(problem));
  for (const ListenerSettings& listener : config.listeners) try_listener(listener, trial);
  return trial;
}

}  // namespace reactord
