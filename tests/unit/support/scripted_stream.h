// SPDX-License-Identifier: MIT
// A Stream that plays a script: what each receive gives, how much each send takes. The script
// outlives the stream and keeps what was sent.
#pragma once

#include <algorithm>
#include <cstring>
#include <deque>
#include <string>

#include "daemon/net/stream.h"

namespace reactord::test {

struct StreamScript {
  /// What the kernel holds for us, piece by piece, as urgent marks cut it: a receive stops at the
  /// end of one, with more behind. With none left, it would block.
  std::deque<std::string> input;
  bool input_ends = false;          ///< FIN behind the last piece
  bool is_cut_off = false;          ///< the end is not the peer's own word
  bool is_lost = false;             ///< RST: every call fails, once the input is read
  int lost_error = ECONNRESET;      ///< what a receive says then
  std::deque<std::size_t> accepts;  ///< bytes that the next sends take; then everything
  bool says_more = false;           ///< a receive tells that another piece is there
  bool blocks_sends = false;
  bool is_short_of_memory = false;  ///< the kernel is: neither a receive nor a send can be had now
  bool blocks_end = false;          ///< there is no room for the stream's own last word

  Delivery delivery = Delivery::arrived;

  int fd = -1;  ///< that the stream gives
  std::string sent;
  std::size_t ends_sent = 0;
  bool finished_sending = false;
  bool resets_on_close = false;
  std::size_t receives = 0;
  std::size_t largest_room = 0;  ///< that a receive was given
  std::size_t sends = 0;
};

class ScriptedStream final : public Stream {
 public:
  explicit ScriptedStream(StreamScript& script) : script_(script) {}

  [[nodiscard]] IoResult receive(std::span<char> into) noexcept override {
    ++script_.receives;
    script_.largest_room = std::max(script_.largest_room, into.size());
    if (script_.is_short_of_memory) return {IoStatus::would_block, 0, ENOMEM};
    if (script_.input.empty()) {
      if (script_.is_lost) return {IoStatus::lost, 0, script_.lost_error};
      if (!script_.input_ends) return {IoStatus::would_block, 0, 0};
      return {script_.is_cut_off ? IoStatus::cut_off : IoStatus::end, 0, 0};
    }
    std::string& piece = script_.input.front();
    const std::size_t n = std::min(piece.size(), into.size());
    std::memcpy(into.data(), piece.data(), n);
    piece.erase(0, n);
    if (piece.empty()) script_.input.pop_front();
    return {IoStatus::ok, n, 0, script_.says_more && !script_.input.empty()};
  }

  [[nodiscard]] IoResult send(std::string_view bytes) noexcept override {
    ++script_.sends;
    if (script_.is_lost) return {IoStatus::lost, 0, EPIPE};
    if (script_.is_short_of_memory) return {IoStatus::would_block, 0, ENOBUFS};
    if (script_.blocks_sends) return {IoStatus::would_block, 0, 0};
    std::size_t n = bytes.size();
    if (!script_.accepts.empty()) {
      n = std::min(n, script_.accepts.front());
      script_.accepts.pop_front();
    }
    if (n == 0) return {IoStatus::would_block, 0, 0};
    script_.sent.append(bytes.substr(0, n));
    return {IoStatus::ok, n, 0};
  }

  [[nodiscard]] IoResult send_parts(std::span<const std::string_view> parts) noexcept override {
    std::string all;
    for (const std::string_view part : parts) all += part;
    return send(all);
  }

  [[nodiscard]] bool can_change_process() const noexcept override { return true; }
  [[nodiscard]] IoStatus send_end() noexcept override {
    if (script_.is_lost) return IoStatus::lost;
    if (script_.blocks_end) return IoStatus::would_block;
    ++script_.ends_sent;
    return IoStatus::ok;
  }
  bool finish_sending() noexcept override {
    script_.finished_sending = true;
    return !script_.is_lost;
  }
  void reset_on_close() noexcept override { script_.resets_on_close = true; }
  [[nodiscard]] Delivery delivery() const noexcept override {
    return script_.is_lost ? Delivery::lost : script_.delivery;
  }
  [[nodiscard]] std::string peer() const override { return "198.51.100.7:4711"; }
  [[nodiscard]] std::array<std::uint8_t, 16> peer_ip() const noexcept override { return {}; }
  [[nodiscard]] int fd() const noexcept override { return script_.fd; }

 private:
  StreamScript& script_;
};

}  // namespace reactord::test
