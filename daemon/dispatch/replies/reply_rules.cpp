// SPDX-License-Identifier: MIT
#include "daemon/dispatch/replies/reply_rules.h"

#include <fmt/format.h>

namespace reactord {

namespace {

constexpr std::string_view kOneReply =
    "it must write exactly one reply: one scalar, or one aggregate with all of its elements";
constexpr std::string_view kOnePush = "it must write exactly one push() with all of its elements";

std::string counted(std::size_t number, std::string_view thing) {
  return fmt::format("{} {}{}", number, thing, number == 1 ? "" : "s");
}

bool is_nothing(const ReplyWriter& writer) {
  return writer.replies() == 0 && writer.balanced();
}

Breach promise_breach(PromiseState promise) {
  switch (promise) {
    case PromiseState::none:
      return {"returned pending without a promise", "call defer() or produce() before"};
    case PromiseState::dropped:
      return {"promised a reply and destroyed the promise unkept",
              "keep the DeferredReply and call complete()"};
    case PromiseState::open:
    case PromiseState::kept:
      break;
  }
  return {};
}

}  // namespace

std::string describe_written(const ReplyWriter& writer) {
  if (writer.is_too_deep())
    return fmt::format("aggregates nested more than {} deep", ReplyWriter::kMaxDepth);
  const ReplyWriter::Unfinished open = writer.unfinished();
  std::string text;
  if (writer.replies() == 1) text = "one reply";
  if (writer.replies() > 1) text = fmt::format("{} replies", writer.replies());
  if (open.announced > 0)
    text += fmt::format("{}{} of {} with {}", text.empty() ? "" : " and ", open.kind,
                        open.announced, counted(open.written, "element"));
  return text.empty() ? "nothing" : text;
}

std::optional<Breach> find_breach(HandlerResult result, PromiseState promise,
                                  const ReplyWriter& writer) {
  const bool is_promised = promise != PromiseState::none;
  if (result != HandlerResult::pending) {
    if (is_promised)
      return Breach{fmt::format("promised a reply, wrote {} and did not return pending",
                                describe_written(writer)),
                    "write the reply at once, or promise it and return pending"};
    return find_breach(writer);
  }
  if (!is_nothing(writer))
    return Breach{fmt::format("returned pending and wrote {}", describe_written(writer)),
                  "write nothing where the reply comes later"};
  if (promise == PromiseState::open || promise == PromiseState::kept) return std::nullopt;
  return promise_breach(promise);
}

std::optional<Breach> find_breach(const ReplyWriter& writer) {
  if (writer.replies() == 1 && writer.balanced()) return std::nullopt;
  return Breach{"wrote " + describe_written(writer), kOneReply};
}

std::optional<Breach> find_push_breach(const ReplyWriter& writer, std::size_t bytes) {
  if (writer.replies() == 0 && writer.balanced() && bytes > 0) return std::nullopt;
  return Breach{"wrote " + describe_written(writer), kOnePush};
}

}  // namespace reactord
