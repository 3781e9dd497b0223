// SPDX-License-Identifier: MIT
// Tokens with which a handler speaks to a connection after handle() has returned. Both refer to the
// connection by id, so they are harmless once it has gone. All calls from the loop's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "protocol/reply_writer.h"

namespace reactord {

/// The daemon's record of a command; what is in it is the daemon's.
struct CommandEntry;

using WriteReply = std::function<void(ReplyWriter&)>;
/// What waits, as bytes that this release, the one before and the one after understand.
using SavePromise = std::function<std::string()>;

enum class PushResult : std::uint8_t {
  queued,   ///< written behind what was queued before
  dropped,  ///< the reader is slow and its queue is full (limits.output_high_water); nothing was
            ///< written
  gone,     ///< the connection has ended
};

/// What the tokens call; the daemon implements it.
class ReplyPort {
 public:
  virtual ~ReplyPort() = default;
  /// `promise` tells a promise from later ones to the same connection.
  virtual bool complete(std::uint64_t connection, std::uint64_t promise, const WriteReply& write,
                        std::function<void()> on_uncertain) noexcept = 0;
  virtual void abandon(std::uint64_t connection, std::uint64_t promise) noexcept = 0;
  [[nodiscard]] virtual bool goes_on(std::uint64_t connection,
                                     std::uint64_t promise) const noexcept = 0;
  /// `subscribed_by` is the command that has subscribed, for the log.
  virtual PushResult push(std::uint64_t connection, const CommandEntry* subscribed_by,
                          const WriteReply& write) noexcept = 0;
  virtual void unsubscribe(std::uint64_t connection) noexcept = 0;
};

/// The promise of one reply. The connection's next requests wait until it is kept. Destroying it
/// unkept answers with an error, so that no request goes without a reply.
class DeferredReply {
 public:
  DeferredReply() = default;
  DeferredReply(ReplyPort& port, std::uint64_t connection, std::uint64_t promise)
      : port_(&port), connection_(connection), promise_(promise) {}
  DeferredReply(DeferredReply&& other) noexcept;
  DeferredReply& operator=(DeferredReply&& other) noexcept;
  ~DeferredReply();

  /// Writes the reply; false if the connection has gone meanwhile (then `write` is not called).
  /// Uses up the token. `on_uncertain` is called from the loop, at most once, if the connection is
  /// lost before the client has sent more or ended in order: nobody can know then whether it has
  /// the reply.
  bool complete(const WriteReply& write, std::function<void()> on_uncertain = {}) noexcept;

  [[nodiscard]] bool is_waiting() const { return port_ != nullptr; }
  /// The daemon restarts, and the connection goes on in the next process with what is promised to
  /// it: at Handler::stop() it needs no answer.
  [[nodiscard]] bool goes_on() const noexcept;

 private:
  ReplyPort* port_ = nullptr;
  std::uint64_t connection_ = 0;
  std::uint64_t promise_ = 0;
};

/// Sends messages that no request asked for. As long as one lives, its connection counts as
/// subscribed and deadlines.idle does not run.
class PushHandle {
 public:
  PushHandle() = default;
  PushHandle(ReplyPort& port, std::uint64_t connection, const CommandEntry* subscribed_by = nullptr)
      : port_(&port), connection_(connection), subscribed_by_(subscribed_by) {}
  PushHandle(PushHandle&& other) noexcept;
  PushHandle& operator=(PushHandle&& other) noexcept;
  ~PushHandle();

  /// `write` must write one push(): RESP3 push frames, arrays in RESP2, one line in plain.
  PushResult push(const WriteReply& write) noexcept;

 private:
  ReplyPort* port_ = nullptr;
  std::uint64_t connection_ = 0;
  const CommandEntry* subscribed_by_ = nullptr;
};

}  // namespace reactord
