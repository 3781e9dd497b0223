// SPDX-License-Identifier: MIT
#include "daemon/server/signal_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstring>

namespace reactord {

namespace {

constexpr std::string_view kHow = "send HUP to reload and reopen the log, TERM to stop";

constexpr SignalRule kRules[] = {
    {SIGHUP, SignalAction::reload},
    {SIGTERM, SignalAction::drain},
    {SIGINT, SignalAction::drain},
    {SIGQUIT, SignalAction::drain},    // what nginx's images and many supervisors send
    {SIGUSR1, SignalAction::dump},     // to nginx, reopen the logs: HUP does it here
    {SIGUSR2, SignalAction::succeed},  // what nginx and HAProxy are upgraded with
    {SIGALRM, SignalAction::mention, kHow},
    {SIGVTALRM, SignalAction::mention, kHow},
    {SIGPROF, SignalAction::mention, kHow},
    {SIGIO, SignalAction::mention, kHow},
    {SIGPWR, SignalAction::mention, kHow},
    {SIGSTKFLT, SignalAction::mention, kHow},
    {SIGXCPU, SignalAction::mention,
     "the limit on processor time is used up, and the kernel kills at the hard one: raise LimitCPU "
     "or ulimit -t"},
    {SIGPIPE, SignalAction::ignore},  // a result of send(2) and write(2)
    {SIGXFSZ, SignalAction::ignore},  // a result of write(2): the log is full
};

bool is_real_time(int signal) {
  return signal >= SIGRTMIN && signal <= SIGRTMAX;
}

}  // namespace

std::span<const SignalRule> signal_rules() {
  return kRules;
}

SignalRule rule_of(int signal) {
  const auto* const found =
      std::find_if(std::begin(kRules), std::end(kRules),
                   [signal](const SignalRule& rule) { return rule.number == signal; });
  return found != std::end(kRules) ? *found : SignalRule{signal, SignalAction::mention, kHow};
}

std::vector<int> watched_signals() {
  std::vector<int> signals;
  for (const SignalRule& rule : kRules)
    if (rule.action != SignalAction::ignore) signals.push_back(rule.number);
  for (int signal = SIGRTMIN; signal <= SIGRTMAX; ++signal) signals.push_back(signal);
  return signals;
}

void ignore_signals() {
  for (const SignalRule& rule : kRules)
    if (rule.action == SignalAction::ignore) ::signal(rule.number, SIG_IGN);
}

std::string signal_name(int signal) {
  if (is_real_time(signal)) return fmt::format("SIGRTMIN+{}", signal - SIGRTMIN);
  const char* name = ::sigabbrev_np(signal);
  return name != nullptr ? fmt::format("SIG{}", name) : fmt::format("signal {}", signal);
}

}  // namespace reactord
