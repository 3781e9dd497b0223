// SPDX-License-Identifier: MIT
#include "daemon/server/signal_table.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>

using namespace reactord;

namespace {

std::string man_page() {
  std::ifstream file(REACTORD_SOURCE_DIR "/tools/scripts/package/man/reactord.8.scd");
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("what each signal does is decided") {
  CHECK(rule_of(SIGHUP).action == SignalAction::reload);
  for (const int signal : {SIGTERM, SIGINT, SIGQUIT})
    CHECK(rule_of(signal).action == SignalAction::drain);
  CHECK(rule_of(SIGUSR2).action == SignalAction::succeed);
  for (const int signal : {SIGPIPE, SIGXFSZ}) CHECK(rule_of(signal).action == SignalAction::ignore);
  CHECK(rule_of(SIGUSR1).action == SignalAction::dump);
  for (const int signal : {SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGPWR, SIGSTKFLT, SIGXCPU, SIGRTMIN,
                           SIGRTMIN + 3, SIGRTMAX}) {
    CHECK(rule_of(signal).action == SignalAction::mention);
    CHECK_FALSE(rule_of(signal).advice.empty());
  }
}

TEST_CASE("the loop takes every signal that is not ignored") {
  const std::vector<int> watched = watched_signals();
  const auto is_watched = [&](int signal) {
    return std::find(watched.begin(), watched.end(), signal) != watched.end();
  };
  for (const SignalRule& rule : signal_rules())
    CHECK(is_watched(rule.number) == (rule.action != SignalAction::ignore));
  CHECK((is_watched(SIGRTMIN) && is_watched(SIGRTMAX)));
  // Faults are to dump core, and job control is to stop.
  for (const int signal : {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGTSTP, SIGCHLD, SIGCONT})
    CHECK_FALSE(is_watched(signal));
}

TEST_CASE("the man page has the table") {
  const std::string page = man_page();
  for (const SignalRule& rule : signal_rules()) {
    INFO(signal_name(rule.number));
    CHECK(page.find("*" + signal_name(rule.number) + "*") != std::string::npos);
  }
}

TEST_CASE("a signal has its name") {
  CHECK(signal_name(SIGTERM) == "SIGTERM");
  CHECK(signal_name(SIGRTMIN + 3) == "SIGRTMIN+3");
}
