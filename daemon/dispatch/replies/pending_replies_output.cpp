// SPDX-License-Identifier: MIT
// What handlers write for later: whatever goes wrong in them, a client gets one proper reply, or
// one push, or none. To whom it goes, and when, is in pending_replies.cpp.
#include "daemon/dispatch/replies/pending_replies.h"

#include <optional>
#include <string_view>
#include <utility>

namespace reactord {

namespace {

constexpr std::string_view kBrokenReply =
    "ERR internal error: the handler wrote no proper reply; the server's log says why";

}  // namespace

void PendingReplies::write_error(Buffer& out, ReplyEncoding encoding, std::string_view error) {
  ReplyWriter(out, encoding).error(error);
  error_ = errors_.count(error);
}

/// Whatever goes wrong, one proper reply is there afterwards.
void PendingReplies::write_one_reply(Buffer& out, const Promise& promise, const WriteReply& write) {
  const std::size_t before = out.size();
  ReplyWriter writer(out, promise.encoding);
  const auto call = [&] { return promise.owner.in("the writer of complete()"); };
  const bool has_ended = guard_.run_unmeasured(call, [&] { write(writer); });
  const std::optional<Breach> breach = has_ended ? find_breach(writer) : std::nullopt;
  if (breach) guard_.report_breach(call(), *breach);
  if (has_ended && !breach) {
    if (writer.wrote_error()) error_ = errors_.count(out.view().substr(before));
    return;
  }
  out.truncate(before);
  write_error(out, promise.encoding, kBrokenReply);
}

/// One push or, if anything goes wrong, nothing.
void PendingReplies::write_push(Buffer& out, ReplyEncoding encoding, const HandlerCall& call,
                                const WriteReply& write) {
  const std::size_t before = out.size();
  ReplyWriter writer(out, encoding);
  const bool has_ended = guard_.run_unmeasured([&] { return call; }, [&] { write(writer); });
  const std::optional<Breach> breach =
      has_ended ? find_push_breach(writer, out.size() - before) : std::nullopt;
  if (breach) guard_.report_breach(call, *breach);
  if (!has_ended || breach) out.truncate(before);
}

void PendingReplies::append_long_reply(Buffer& out, const Promise& promise, LongReply& reply) {
  const std::optional<Breach> breach = reply.has_thrown ? std::nullopt : find_breach(reply.writer);
  if (breach) guard_.report_breach(promise.owner.in("produce()"), *breach);
  if (reply.has_thrown || breach) return write_error(out, promise.encoding, kBrokenReply);
  if (reply.writer.wrote_error()) error_ = errors_.count(reply.bytes.view());
  // A copy of megabytes would take a turn of its own.
  if (out.empty()) return std::swap(out, reply.bytes);
  out.append(reply.bytes.view());
}

}  // namespace reactord
