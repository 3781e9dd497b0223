// SPDX-License-Identifier: MIT
// What a client has said about itself and how it wants to be answered. Owned by its connection,
// changed by the commands HELLO, CLIENT and RESET. Small: an idle connection pays for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace reactord {

/// The daemon's record of a user; what is in it is the daemon's.
struct Principal;

/// CLIENT REPLY: whether replies are sent. The commands that change it answer like any other; the
/// dispatcher drops what must not be sent, the replies to CLIENT REPLY OFF and SKIP among it.
enum class ReplyMode : std::uint8_t {
  on,
  off,
  skip_next,  ///< of the next request
  skipping,   ///< of the request that is being served
};

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
  void set_reply_mode(ReplyMode mode) {
    reply_mode_ = mode;
    note(kSilent, mode != ReplyMode::on);
  }

  /// CLIENT NO-EVICT: the last to go when buffer memory is short.
  [[nodiscard]] bool is_no_evict() const { return no_evict_; }
  void set_no_evict(bool on) { no_evict_ = on; }

  /// Between MULTI and EXEC or DISCARD requests are queued.
  [[nodiscard]] bool in_transaction() const { return (unusual_ & kInTransaction) != 0; }
  void set_in_transaction(bool is_open) { note(kInTransaction, is_open); }

  /// Its client is over a limit: the requests of this turn are answered with an error.
  [[nodiscard]] bool is_refused() const { return (unusual_ & kRefused) != 0; }
  void set_refused(bool is_refused) { note(kRefused, is_refused); }

  /// The user that the client has logged in as; "" where nobody is asked to, and before.
  [[nodiscard]] std::string_view user() const { return rare_ ? rare_->user : std::string_view{}; }
  /// It has to log in, and has not.
  [[nodiscard]] bool must_log_in() const { return rare_ && rare_->must_log_in; }
  /// What the client may run: the daemon's business, and changed by it alone. Null: whatever its
  /// listener allows.
  [[nodiscard]] const std::shared_ptr<const Principal>& principal() const {
    static const std::shared_ptr<const Principal> kAnyone;
    return rare_ ? rare_->principal : kAnyone;
  }
  void set_principal(std::shared_ptr<const Principal> who, std::string_view user, bool must_log_in);
  [[nodiscard]] bool has_principal() const { return (unusual_ & kHasPrincipal) != 0; }

  /// All requests that the listener allows are run and answered: what nearly every session is like.
  [[nodiscard]] bool is_ordinary() const { return unusual_ == 0; }

  /// Names as given by CLIENT SETNAME and CLIENT SETINFO, after label_problem(); empty until then.
  [[nodiscard]] std::string_view name() const { return rare_ ? rare_->name : std::string_view{}; }
  [[nodiscard]] std::string_view library_name() const {
    return rare_ ? rare_->library_name : std::string_view{};
  }
  [[nodiscard]] std::string_view library_version() const {
    return rare_ ? rare_->library_version : std::string_view{};
  }
  void set_name(std::string_view name) { rare().name = name; }
  void set_library_name(std::string_view name) { rare().library_name = name; }
  void set_library_version(std::string_view version) { rare().library_version = version; }

  /// The trace that the request under way is part of (protocol/traceparent.h), as the client has
  /// told by CLIENT TRACEPARENT; "" where it has not.
  [[nodiscard]] std::string_view traceparent() const {
    if (!rare_) return {};
    return rare_->is_traced ? rare_->request_traceparent : rare_->traceparent;
  }
  /// Of all its requests, or of the next alone.
  void set_traceparent(std::string_view traceparent) { rare().traceparent = traceparent; }
  void trace_next(std::string_view traceparent);
  /// Around each request that is not ordinary: the next has become the one under way, and is over.
  void begin_trace();
  void end_trace();

  /// Memory that is held for this session elsewhere (queued requests), so that its connection
  /// accounts for it.
  [[nodiscard]] std::size_t held_bytes() const { return rare_ ? rare_->held_bytes : 0; }
  void set_held_bytes(std::size_t bytes);

  /// True where a name, the user or the like may have changed since the last call: for who has
  /// noted it elsewhere.
  [[nodiscard]] bool take_change() { return std::exchange(has_changed_, false); }

  /// Back to how a connection begins (RESET), but for who it is (Logins::begin_again()); as in
  /// Redis, the library's names stay, and so does the silence that CLIENT REPLY SKIP has asked for.
  void reset();

 private:
  /// What few connections need.
  struct Rare {
    std::string name;
    std::string library_name;
    std::string library_version;
    std::size_t held_bytes = 0;
    std::shared_ptr<const Principal> principal;
    std::string user;
    bool must_log_in = false;
    std::string traceparent;          ///< of the connection
    std::string request_traceparent;  ///< of one request
    bool is_traced = false;           ///< which is under way
  };
  Rare& rare();
  static constexpr std::uint8_t kSilent = 1;
  static constexpr std::uint8_t kInTransaction = 2;
  static constexpr std::uint8_t kHasPrincipal = 4;
  static constexpr std::uint8_t kRefused = 8;
  static constexpr std::uint8_t kTraced = 16;
  void note(std::uint8_t what, bool is_so) {
    unusual_ = static_cast<std::uint8_t>(is_so ? unusual_ | what : unusual_ & ~what);
  }

  std::unique_ptr<Rare> rare_;
  std::uint8_t protocol_ = 2;
  ReplyMode reply_mode_ = ReplyMode::on;
  std::uint8_t unusual_ = 0;
  bool no_evict_ = false;
  bool has_changed_ = false;  ///< something in rare_
};

}  // namespace reactord
