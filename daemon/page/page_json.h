// SPDX-License-Identifier: MIT
// What the page is told, as JSON: one function for each of its parts. Bounded, without secrets, and
// valid whatever names clients have chosen.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "daemon/interface/service.h"
#include "daemon/metrics/daemon_metrics.h"
#include "daemon/page/busy_clients.h"
#include "daemon/page/second_meter.h"

namespace reactord {

/// Where the page's figures are.
struct PageSources {
  MetricsSources metrics;
  ConnectionTable& connections;
  Service& service;
  TimePoint started;
};

/// One second, in the page's series.
[[nodiscard]] std::string second_json(std::uint64_t number, const Second& second);
/// Of the process as it is now.
[[nodiscard]] std::string state_json(const PageSources& of);
/// The commands that were called the most in the last second, then ever.
[[nodiscard]] std::string commands_json(const PageSources& of,
                                        std::span<const std::uint64_t> calls);
[[nodiscard]] std::string clients_json(const PageSources& of,
                                       std::span<const BusyClients::Busy> busiest);
/// How often connections have ended, and for which reason.
[[nodiscard]] std::string ends_json(const PageSources& of);
/// What was refused or cut short because there was too much of it.
[[nodiscard]] std::string limits_json(const PageSources& of);
/// Errors that were sent, by their code.
[[nodiscard]] std::string errors_json(const PageSources& of);
/// The latest `most` slow requests, newest first; of the words of each at most so many bytes.
[[nodiscard]] std::string slow_json(const PageSources& of, std::size_t most,
                                    std::size_t max_words_bytes);
/// The settings in force, as CONFIG GET shows them.
[[nodiscard]] std::string config_json(const PageSources& of);

}  // namespace reactord
