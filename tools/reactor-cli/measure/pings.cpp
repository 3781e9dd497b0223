// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/measure/pings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "tools/reactor-cli/command_line/failure.h"
#include "tools/reactor-cli/figures/ask.h"
#include "tools/reactor-cli/net/interrupt.h"

namespace reactord::cli {
namespace {

constexpr std::chrono::milliseconds kPause{10};

}  // namespace

std::chrono::milliseconds interval_of(const Options& options) {
  return options.interval_given ? options.interval : std::chrono::seconds(1);
}

Pings::Pings(const Options& options) : options_(options), session_(options) {}

double Pings::next() {
  const Clock::time_point begin = Clock::now();
  const Reply reply = ask(session_, std::array<std::string_view, 1>{"PING"}, options_.timeout);
  const std::chrono::duration<double, std::milli> took = Clock::now() - begin;
  if (reply.kind == Reply::Kind::error)
    throw Failure(ExitCode::server_error, fmt::format("PING was refused: {}", reply.text));
  return took.count();
}

void Pings::pause(Deadline at_most) {
  const Clock::time_point next = *deadline_in(kPause);
  wait_until(session_, at_most ? std::min(next, *at_most) : next);
}

void measure(const Options& options, const std::function<void(Pings&)>& rounds,
             const std::function<void()>& finish_round) {
  catch_interrupts();
  try {
    Pings pings(options);
    rounds(pings);
  } catch (const Interrupted&) {
    finish_round();
  } catch (const Failure&) {
    finish_round();
    throw;
  }
}

}  // namespace reactord::cli
