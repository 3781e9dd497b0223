// SPDX-License-Identifier: MIT
// Plays a byte stream at a FrameParser as a connection does, and writes down what came of it. Used
// by the parser's unit test and by its fuzz target: the transcript must not depend on the cuts.
#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/escape.h"
#include "protocol/framing/frame_parser.h"

namespace reactord::test {

enum class AtEnd { open, end_of_input };

/// One line an event: "array [GET] [a]", "line [PING]", "chunk [x]", and in the end an error's
/// text, "waits" for a stream that is incomplete, or nothing.
using Transcript = std::vector<std::string>;

class StreamPlayer {
 public:
  StreamPlayer(Framing framing, const ParserLimits& limits) : parser_(framing), limits_(limits) {}

  void feed(std::string_view piece) {
    pending_.append(piece);
    parse_all(false);
  }

  Transcript finish(AtEnd at_end) {
    if (at_end == AtEnd::end_of_input) parse_all(true);
    if (!failed_ && !pending_.empty()) transcript_.push_back("waits");
    return std::move(transcript_);
  }

 private:
  void parse_all(bool last) {
    while (!failed_ && !pending_.empty()) {
      // A fresh block of the exact size: the bytes move between calls, and a sanitizer sees
      // overreads.
      const auto block = std::make_unique<char[]>(pending_.size());
      std::memcpy(block.get(), pending_.data(), pending_.size());
      const std::string_view input(block.get(), pending_.size());
      const ParseStatus status =
          last ? parser_.parse_last(input, limits_, frame_) : parser_.parse(input, limits_, frame_);
      if (!record(status)) return;
    }
  }

  // Returns whether to go on.
  bool record(ParseStatus status) {
    switch (status) {
      case ParseStatus::need_more:
        return false;
      case ParseStatus::frame:
        transcript_.push_back(describe());
        break;
      case ParseStatus::nothing:
        break;
      case ParseStatus::error:
        transcript_.push_back(parser_.error());
        failed_ = true;
        return false;
    }
    pending_.erase(0, frame_.bytes);
    return true;
  }

  [[nodiscard]] std::string describe() const {
    switch (frame_.kind) {
      case FrameKind::line:
        return "line [" + shown(frame_.payload) + "]";
      case FrameKind::chunk:
        return "chunk [" + shown(frame_.payload) + "]";
      case FrameKind::array:
        break;
    }
    std::string event = "array";
    for (const std::string_view argument : frame_.arguments) event += " [" + shown(argument) + "]";
    return event;
  }

  static std::string shown(std::string_view bytes) { return escaped(bytes, bytes.size()); }

  FrameParser parser_;
  ParserLimits limits_;
  Frame frame_;
  std::string pending_;
  Transcript transcript_;
  bool failed_ = false;
};

inline Transcript play(Framing framing, const ParserLimits& limits,
                       const std::vector<std::string_view>& pieces, AtEnd at_end) {
  StreamPlayer player(framing, limits);
  for (const std::string_view piece : pieces) player.feed(piece);
  return player.finish(at_end);
}

inline std::vector<std::string_view> one_byte_pieces(std::string_view bytes) {
  std::vector<std::string_view> pieces;
  for (std::size_t i = 0; i < bytes.size(); ++i) pieces.push_back(bytes.substr(i, 1));
  return pieces;
}

}  // namespace reactord::test
