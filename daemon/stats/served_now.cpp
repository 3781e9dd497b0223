// SPDX-License-Identifier: MIT
#include "daemon/stats/served_now.h"

#include "daemon/connection/connection.h"

namespace reactord {

namespace {

constexpr std::size_t kMaxShownWords = 8;

void tell_lengths(CrashText& text, const Frame& frame) noexcept {
  if (frame.kind != FrameKind::array) {
    text.text("a line of ").number(frame.payload.size()).text(" bytes");
    return;
  }
  text.number(frame.arguments.size()).text(" words, of ");
  std::size_t shown = 0;
  for (const std::string_view word : frame.arguments) {
    if (shown == kMaxShownWords) break;
    text.text(shown++ == 0 ? "" : ", ").number(word.size());
  }
  text.text(frame.arguments.size() > shown ? ", ... bytes" : " bytes");
}

}  // namespace

void ServedNow::describe(CrashText& text, const void* what) noexcept {
  const ServedNow& now = *static_cast<const ServedNow*>(what);
  if (const HandlerCall* const call = now.guard_.calling()) return describe_call(text, *call);
  if (now.loop_.serving != nullptr) return now.describe_connection(text);
  text.text("it was serving nobody").end_line();
}

/// A timer's function, the end of offloaded work, and their like.
void ServedNow::describe_call(CrashText& text, const HandlerCall& call) noexcept {
  text.text("it was in ").text(call.call).text(" of the handler ").text(call.handler);
  if (!call.command.empty()) text.text(", command ").text(call.command);
  if (call.client != 0) text.text(", client ").number(call.client);
  text.end_line();
}

void ServedNow::describe_connection(CrashText& text) const noexcept {
  Connection& connection =
      const_cast<Connection&>(*loop_.serving);  // its stream is asked who it is
  text.text("it was serving client ").number(connection.client_id()).text(" of ");
  text.ip(connection.stream().peer_ip()).text(", latest command ");
  const std::string* const command = connection.last_command();
  text.text(command == nullptr ? "none" : std::string_view(*command)).text("; latest request: ");
  tell_lengths(text, loop_.frame);
  text.text("; kept: ").number(connection.input_bytes()).text(" bytes of input, ");
  text.number(connection.output_bytes()).text(" of output").end_line();
}

}  // namespace reactord
