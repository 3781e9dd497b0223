// SPDX-License-Identifier: MIT
// Plays a byte stream at the scanner of replies and at the parser, and writes down what came of it.
// The two must agree, and neither may depend on the cuts. Used by a unit test and a fuzz target.
#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/replies/reply_parser.h"
#include "protocol/replies/reply_scanner.h"

namespace reactord::test {

/// A line for each reply, with the bytes up to its end and whether it is an error or a push; in the
/// end the stream's error, or "waits" where a reply is incomplete.
using ScanTranscript = std::vector<std::string>;

namespace scan_stream {

/// `next(piece, consumed)` gives the status; `kind()` says what the reply is; `end()` how it ends.
template <typename Next, typename Kind, typename End>
ScanTranscript play(const std::vector<std::string_view>& pieces, Next&& next, Kind&& kind,
                    End&& end) {
  ScanTranscript transcript;
  std::size_t seen = 0;
  for (const std::string_view piece : pieces) {
    // A block of its own, of the exact size: a sanitizer sees overreads, and what is kept of it.
    const auto block = std::make_unique<char[]>(piece.size());
    std::memcpy(block.get(), piece.data(), piece.size());
    std::string_view rest(block.get(), piece.size());
    while (!rest.empty()) {
      std::size_t consumed = 0;
      const ReplyStatus status = next(rest, consumed);
      rest.remove_prefix(consumed);
      seen += consumed;
      if (status == ReplyStatus::reply) {
        transcript.push_back(std::string(kind()) + " to " + std::to_string(seen));
      } else if (status == ReplyStatus::error) {
        end(transcript);
        return transcript;
      }
    }
  }
  end(transcript);
  return transcript;
}

template <typename Reader>
void note_end(const Reader& reader, bool is_lost, ScanTranscript& transcript) {
  if (is_lost) {
    transcript.push_back(reader.error());
  } else if (!reader.between_replies()) {
    transcript.emplace_back("waits");
  }
}

}  // namespace scan_stream

inline ScanTranscript scanned(const std::vector<std::string_view>& pieces,
                              const ReplyLimits& limits) {
  ReplyScanner scanner(limits);
  return scan_stream::play(
      pieces,
      [&](std::string_view piece, std::size_t& consumed) { return scanner.scan(piece, consumed); },
      [&] { return scanner.is_error()  ? "error"
                   : scanner.is_push() ? "push"
                                       : "reply"; },
      [&](ScanTranscript& transcript) {
        scan_stream::note_end(scanner, scanner.is_lost_at_end(), transcript);
      });
}

inline ScanTranscript parsed(const std::vector<std::string_view>& pieces,
                             const ReplyLimits& limits) {
  ReplyParser parser(limits);
  return scan_stream::play(
      pieces,
      [&](std::string_view piece, std::size_t& consumed) { return parser.parse(piece, consumed); },
      [&] {
        const Reply::Kind kind = parser.take().kind;
        return kind == Reply::Kind::error ? "error" : kind == Reply::Kind::push ? "push" : "reply";
      },
      [&](ScanTranscript& transcript) {
        scan_stream::note_end(parser, parser.is_lost_at_end(), transcript);
      });
}

}  // namespace reactord::test
