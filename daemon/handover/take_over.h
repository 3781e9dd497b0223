// SPDX-License-Identifier: MIT
// How a process takes over from the one that serves (--take-over), without a service manager: the
// two ends of a connection to one of its administrators' Unix sockets. Each end waits for the
// other, for as long as is said here: nobody else is served meanwhile. Knows nothing of what is
// handed over.
//
//   who takes over              who serves
//   HANDOVER format     ->      in RESP: the newest state that it reads (handover_state.h)
//                       <-      +OK, or why not
//                       <-      +PARCEL, with the parcel's descriptor, once all are at rest
//   SERVING             ->      it has started, and touches nothing that is not its own yet
//                       <-      +OK: from here on the connections are those of who takes over
//
// Whoever hangs up before SERVING, or says nothing for too long, has changed nothing: who serves
// goes on. Behind SERVING the connections are taken over if it is answered +OK, or with the end
// alone: then there is nobody else any more who could serve them.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/reactor/unique_fd.h"

namespace reactord {

/// The lines of one end.
class TakeOverLine {
 public:
  explicit TakeOverLine(UniqueFd socket) : socket_(std::move(socket)) {}

  struct Answer {
    std::string problem = {};  ///< "" where a line has come
    bool has_ended = false;    ///< the other end has gone
    std::string line = {};     ///< without its end
  };
  /// Waits no longer once `is_stopped`, if there is one, says so. Throws std::bad_alloc.
  [[nodiscard]] Answer receive(std::chrono::milliseconds most,
                               const std::function<bool()>& is_stopped = {});
  /// The one that has come with a line; lines that are sent one after another may come as one.
  [[nodiscard]] UniqueFd take_fd() { return std::move(fd_); }
  /// With a descriptor, unless it is -1. "" or the problem.
  [[nodiscard]] std::string send(std::string_view line, int fd = -1);
  /// With its end.
  void send_without_memory(std::string_view whole_line) noexcept;
  /// It could not be sent because nobody reads any more; what was said before can still come.
  [[nodiscard]] bool has_gone() const { return has_gone_; }

 private:
  /// False once it has passed.
  [[nodiscard]] bool wait_a_while(std::chrono::steady_clock::time_point end) const;

  UniqueFd socket_;
  std::string received_;
  UniqueFd fd_;
  bool has_gone_ = false;
};

/// Towards the process that serves: for who takes over.
class Predecessor {
 public:
  /// Connects. Throws std::runtime_error that says why not.
  explicit Predecessor(const std::string& path);
  /// Asked while it waits: whether we are to stop instead.
  void set_is_stopped(std::function<bool()> is_stopped) { is_stopped_ = std::move(is_stopped); }

  /// Asks, and waits for all that it has. Throws std::runtime_error with what it says, or what is
  /// wrong.
  [[nodiscard]] UniqueFd take_parcel();
  /// Says that we serve: "" where it has let all of it go, and else why not.
  [[nodiscard]] std::string say_serving();

 private:
  [[nodiscard]] std::chrono::milliseconds patience() const;

  TakeOverLine line_;
  std::function<bool()> is_stopped_;
};

/// Towards the process that takes over: for who serves, behind HANDOVER.
class Successor {
 public:
  /// `socket` is non-blocking.
  explicit Successor(UniqueFd socket);

  /// Its process, as the kernel knows it; 0 where that is not known here.
  [[nodiscard]] int process() const { return process_; }
  /// "" once it serves, and knows that we do no longer; else why it does not: refuse() it then.
  [[nodiscard]] std::string give(const UniqueFd& parcel);
  /// It gets nothing.
  void refuse(std::string_view problem) noexcept;

 private:
  int process_ = 0;
  TakeOverLine line_;
};

/// Whether whoever is at the other end of a Unix socket may have what is ours: our own user, or
/// root. "" or why not.
[[nodiscard]] std::string why_no_successor(int socket);

}  // namespace reactord
