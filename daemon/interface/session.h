// SPDX-License-Identifier: MIT
// What a client has said about itself and how it wants to be answered. Owned by its connection,
// changed by the commands HELLO, CLIENT and RESET. Small: an idle connection pays for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace reactord {

/// CLIENT REPLY: whether replies are sent. The commands that change it answer like any other; the
/// dispatcher drops what must not be sent, the replies to CLIENT REPLY OFF and SKIP among it.
enum class ReplyMode : std::uint8_t { on, off, skip_next };

/// Whether a client may carry `label`, as Redis judges it: visible ASCII without blanks, so that a
/// line of CLIENT LIST stays a line of words. Returns "" or the error reply, in which `what` says
/// what the label is: "Client names".
[[nodiscard]] std::string label_problem(std::string_view what, std::string_view label);

class Session {
 public:
  /// Of each name. Long enough for any name that a person gives; names count in no other limit.
  static constexpr std::size_t kMaxLabelBytes = 256;

  /// 2 or 3: the RESP version that answers to RESP requests are written in.
  [[nodiscard]] int protocol() const { return protocol_; }
  void set_protocol(int version) { protocol_ = static_cast<std::uint8_t>(version); }

  [[nodiscard]] ReplyMode reply_mode() const { return reply_mode_; }
  void set_reply_mode(ReplyMode mode) { reply_mode_ = mode; }

  /// CLIENT NO-EVICT: the last to go when buffer memory is short.
  [[nodiscard]] bool is_no_evict() const { return no_evict_; }
  void set_no_evict(bool on) { no_evict_ = on; }

  /// Names as given by CLIENT SETNAME and CLIENT SETINFO, after label_problem(); empty until then.
  [[nodiscard]] std::string_view name() const {
    return labels_ ? labels_->name : std::string_view{};
  }
  [[nodiscard]] std::string_view library_name() const {
    return labels_ ? labels_->library_name : std::string_view{};
  }
  [[nodiscard]] std::string_view library_version() const {
    return labels_ ? labels_->library_version : std::string_view{};
  }
  void set_name(std::string_view name) { labels().name = name; }
  void set_library_name(std::string_view name) { labels().library_name = name; }
  void set_library_version(std::string_view version) { labels().library_version = version; }

  /// Back to how a connection begins (RESET); the library's names stay, as in Redis.
  void reset();

 private:
  struct Labels {
    std::string name;
    std::string library_name;
    std::string library_version;
  };
  Labels& labels();

  std::unique_ptr<Labels> labels_;
  std::uint8_t protocol_ = 2;
  ReplyMode reply_mode_ = ReplyMode::on;
  bool no_evict_ = false;
};

}  // namespace reactord
