// SPDX-License-Identifier: MIT
// The rules of restarts and upgrades: whom they have cost their connection.
#include <span>

#include "tools/reactor-cli/doctor/rules.h"

namespace reactord::cli {
namespace {

constexpr std::string_view kNextOneCosts = "the next restart closes every connection";
constexpr std::string_view kWasMeantToStay = "it was meant to stay connected";

constexpr Rule kRestartRules[] = {
    counting("restarts-drain", Severity::wrong, "event_handover_impossible", kNextOneCosts,
             {"time", "server.survive was found to have no effect {}: nobody keeps connections",
              "Type=notify and FileDescriptorStoreMax=4 in the unit (the log's "
              "handover_impossible says why), or server.survive = \"no\""}),
    counting("upgrades-undone", Severity::note, "event_handover_undone", kNothingToWeigh,
             {"time", "a process that was to take over did not {}, and this one serves on",
              "what that process has said on its standard error, or in its log"}),
    counting("not-resumed", Severity::near, "event_not_resumed", kWasMeantToStay,
             {"connection", "{} could not go on from the process before",
              "the log's not_resumed says why of each: a listener of the same name and kind, and "
              "as many server.max_connections as before"}),
};

}  // namespace

std::span<const Rule> rules_of_restarts() {
  return kRestartRules;
}

}  // namespace reactord::cli
