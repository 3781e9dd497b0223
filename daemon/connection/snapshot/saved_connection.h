// SPDX-License-Identifier: MIT
// What a connection is while it is in no process: all that its client would notice if it were lost.
// Plain values, which mean the same to whoever reads them. The socket goes beside it. Buffers of
// the kernel are part of the socket: what was received and not read yet needs no saving.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "daemon/interface/session.h"
#include "protocol/framing/frame_parser.h"

namespace reactord {

struct SavedConnection {
  using Milliseconds = std::chrono::milliseconds;

  std::uint64_t client_id = 0;
  std::string listener;  ///< by its name
  Framing framing = Framing::command;
  bool is_admin = false;

  // The client's own address, which a PROXY header may have told.
  std::array<std::uint8_t, 16> peer_ip{};  ///< as Stream::peer_ip()
  std::uint16_t peer_port = 0;

  // --- its session ---
  std::uint8_t protocol = 2;
  ReplyMode reply_mode = ReplyMode::on;
  bool no_evict = false;
  bool answers_in_resp = false;  ///< lines, too (Connection::reply_encoding())
  std::string name;
  std::string library_name;
  std::string library_version;
  std::string user;  ///< that it has logged in as by a password; "" where it has not

  // --- between MULTI and EXEC ---
  bool in_transaction = false;
  bool is_spoilt = false;  ///< EXEC will refuse
  std::string queued;      ///< what EXEC will run, as RESP requests

  /// What handlers keep for it (ConnectionState), by their names.
  struct HandlerState {
    std::string handler;
    std::string bytes;
    bool operator==(const HandlerState&) const = default;
  };
  std::vector<HandlerState> handler_states;

  /// The command to whose request a reply is owed still, in full ("text"), and what its handler has
  /// saved of it; "" where none is.
  std::string owed_command;
  std::string owed_state;
  bool is_owed_lost = false;  ///< the handler has failed to save it

  // --- what is on its way ---
  std::string input;        ///< received, and not served
  bool has_frames = false;  ///< that wait in it; else it is the beginning of one
  std::string output;       ///< replies that the kernel has not taken
  bool past_first = false;  ///< a request was served
  bool must_linger = false;

  // --- its deadlines: for how long each has run ---
  bool frame_timed = false;
  Milliseconds input_waited{0};  ///< first_request, frame or idle
  bool is_input_timed = false;
  Milliseconds output_waited{0};  ///< write_stall
  bool is_output_timed = false;

  // --- figures ---
  std::chrono::seconds age{0};
  std::chrono::seconds idle{0};
  std::uint64_t commands = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t bytes_sent = 0;
  std::string last_command;

  bool operator==(const SavedConnection&) const = default;
};

}  // namespace reactord
