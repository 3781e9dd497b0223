// SPDX-License-Identifier: MIT
// MULTI ... EXEC: the requests that wait for EXEC, and the array that it answers with, whose
// elements may come later. What may be queued and how it is run is the dispatcher's.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "daemon/connection/connection.h"
#include "daemon/dispatch/command_table.h"
#include "protocol/buffers/buffer.h"

namespace reactord {

/// The requests of one transaction, copied: they outlive the input that they came in.
class QueuedRequests {
 public:
  void add(CommandEntry& entry, std::span<const std::string_view> words);
  [[nodiscard]] std::size_t size() const { return requests_.size(); }
  /// What they take, bookkeeping included.
  [[nodiscard]] std::size_t bytes() const;
  [[nodiscard]] CommandEntry& entry(std::size_t index) const { return *requests_[index].entry; }
  /// The words of one; valid until the next call.
  [[nodiscard]] std::span<const std::string_view> words(std::size_t index);

 private:
  struct Request {
    CommandEntry* entry;
    std::size_t words_end;  ///< in ends_
  };
  std::string text_;               ///< all words of all requests
  std::vector<std::size_t> ends_;  ///< of each word in text_
  std::vector<Request> requests_;
  std::vector<std::string_view> view_;
};

/// Those of all connections that are between MULTI and EXEC. A connection that is not costs
/// nothing; one that is says so in its session.
class Transactions {
 public:
  /// As many as a connection may have served in one turn (kMaxRequestsPerTurn): EXEC runs all of
  /// them in one, and everyone waits for it.
  static constexpr std::size_t kMaxRequests = 1000;

  /// "", or the error because of which the request is not queued and EXEC will refuse. Together
  /// they may be as long as a single request may be, so that nobody holds more memory by MULTI than
  /// without.
  [[nodiscard]] std::string queue(Connection& connection, CommandEntry& entry,
                                  std::span<const std::string_view> words);
  /// A request was refused: EXEC will refuse, too.
  void spoil(Connection& connection) { open_[connection.id()].is_spoilt = true; }
  struct Transaction {
    QueuedRequests requests;
    bool is_spoilt = false;
  };
  /// Null where nothing is queued.
  [[nodiscard]] Transaction* find(const Connection& connection) {
    const auto found = open_.find(connection.id());
    return found == open_.end() ? nullptr : &found->second;
  }
  /// Takes it out, and ends it.
  [[nodiscard]] Transaction take(Connection& connection);
  void forget(Connection& connection) { (void)take(connection); }

 private:
  std::unordered_map<SlotId, Transaction> open_;
};

/// EXEC's array in the making. Requests are run one after the other, and each has its reply or
/// promises it: a hole that is filled later.
class GatheredReply {
 public:
  GatheredReply(ReplyEncoding encoding, bool is_silent, std::size_t elements);

  /// Elements are RESP; a plain reply is made of them when all are there.
  [[nodiscard]] static ReplyEncoding element_encoding(Connection& connection);

  /// Where replies that are given at once go.
  [[nodiscard]] Buffer& given() { return given_; }
  /// Leaves a hole behind what was given so far; its number.
  [[nodiscard]] std::size_t leave_hole();
  [[nodiscard]] Buffer& hole(std::size_t number) { return holes_[number].reply; }
  /// A hole is filled; true if it was the last one.
  [[nodiscard]] bool fill() { return --missing_ == 0; }
  [[nodiscard]] bool is_whole() const { return missing_ == 0; }

  /// The whole array, behind what `out` holds.
  void write(Buffer& out) const;

  bool must_close = false;  ///< one of its requests ends the connection
  [[nodiscard]] bool is_silent() const { return is_silent_; }

 private:
  struct Hole {
    std::size_t at;  ///< behind so many bytes of given_
    Buffer reply;
  };

  void write_resp(Buffer& out) const;

  ReplyEncoding encoding_;
  bool is_silent_;
  Buffer given_;
  std::vector<Hole> holes_;
  std::size_t missing_ = 0;
};

}  // namespace reactord
