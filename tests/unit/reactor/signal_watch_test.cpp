// SPDX-License-Identifier: MIT
#include "daemon/reactor/signal_watch.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <set>

#include "tests/unit/support/sockets.h"

namespace reactord {
namespace {

/// The mask and what SIGPIPE does belong to the whole program: put back what was there.
class SignalsAsBefore {
 public:
  SignalsAsBefore() {
    ::pthread_sigmask(SIG_SETMASK, nullptr, &mask_);
    ::sigaction(SIGPIPE, nullptr, &pipe_);
  }
  SignalsAsBefore(const SignalsAsBefore&) = delete;
  SignalsAsBefore& operator=(const SignalsAsBefore&) = delete;
  ~SignalsAsBefore() {
    ::pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
    ::sigaction(SIGPIPE, &pipe_, nullptr);
  }

 private:
  sigset_t mask_{};
  struct sigaction pipe_ {};
};

TEST_SUITE("signal_watch") {
  TEST_CASE("a signal is read once instead of having its effect") {
    const SignalsAsBefore restore;
    SignalWatch signals({SIGUSR1});
    CHECK(signals.next() == std::nullopt);
    ::kill(::getpid(), SIGUSR1);  // would end the program
    CHECK(wait_for(signals.fd(), POLLIN));
    CHECK(signals.next() == SIGUSR1);
    CHECK(signals.next() == std::nullopt);
  }

  TEST_CASE("a signal that is looked at waits until it is taken") {
    const SignalsAsBefore restore;
    SignalWatch signals({SIGHUP, SIGTERM});
    ::kill(::getpid(), SIGTERM);
    CHECK(signals.waiting() == SIGTERM);
    CHECK(signals.waiting() == SIGTERM);
    CHECK(wait_for(signals.fd(), POLLIN));
    ::kill(::getpid(), SIGHUP);
    signals.take(SIGTERM);
    CHECK(signals.waiting() == SIGHUP);
    signals.take(SIGHUP);
    signals.take(SIGHUP);  // not there: nothing happens
    CHECK(signals.waiting() == std::nullopt);
  }

  TEST_CASE("a signal may carry a number") {
    const SignalsAsBefore restore;
    SignalWatch signals({SIGHUP});
    ::kill(::getpid(), SIGHUP);
    CHECK(signals.take(SIGHUP) == std::nullopt);
    ::sigqueue(::getpid(), SIGHUP, {.sival_int = 4711});
    CHECK(signals.take(SIGHUP) == 4711);
    CHECK(signals.take(SIGHUP) == std::nullopt);
  }

  TEST_CASE("several signals come one after the other, each of the watched ones") {
    const SignalsAsBefore restore;
    SignalWatch signals({SIGTERM, SIGINT, SIGHUP});
    for (const int signal : {SIGTERM, SIGHUP, SIGINT}) ::kill(::getpid(), signal);
    std::multiset<int> seen;
    while (const auto signal = signals.next()) seen.insert(*signal);
    CHECK(seen == std::multiset<int>{SIGHUP, SIGINT, SIGTERM});
  }

  TEST_CASE("a signal that comes twice before it is read is one (signal(7))") {
    const SignalsAsBefore restore;
    SignalWatch signals({SIGHUP});
    ::kill(::getpid(), SIGHUP);
    ::kill(::getpid(), SIGHUP);
    CHECK(signals.next() == SIGHUP);
    CHECK(signals.next() == std::nullopt);
    ::kill(::getpid(), SIGHUP);
    CHECK(signals.next() == SIGHUP);
  }

  TEST_CASE("signals that are not watched stay as they were") {
    const SignalsAsBefore restore;
    const SignalWatch signals({SIGUSR1});
    sigset_t blocked;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
    CHECK(::sigismember(&blocked, SIGUSR1) == 1);
    CHECK(::sigismember(&blocked, SIGUSR2) == 0);
  }

  TEST_CASE("writing to a closed pipe is an error and not the end") {
    const SignalsAsBefore restore;
    const SignalWatch signals({SIGUSR1});
    std::array<int, 2> fds{};
    REQUIRE(::pipe2(fds.data(), O_CLOEXEC) == 0);
    ::close(fds[0]);
    const UniqueFd writing(fds[1]);
    CHECK(::write(writing.get(), "x", 1) == -1);
    CHECK(errno == EPIPE);
  }

  TEST_CASE("the descriptor neither blocks nor outlives an exec") {
    const SignalsAsBefore restore;
    const SignalWatch signals({SIGUSR1});
    CHECK((::fcntl(signals.fd(), F_GETFL) & O_NONBLOCK) != 0);
    CHECK((::fcntl(signals.fd(), F_GETFD) & FD_CLOEXEC) != 0);
  }
}

}  // namespace
}  // namespace reactord
