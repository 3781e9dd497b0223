// SPDX-License-Identifier: MIT
// How a command is declared: once, by the handler that answers it. From the declaration come the
// arity check, the class that a listener allows or not, HELP, COMMAND DOCS and the client's
// completion.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

namespace reactord {

/// Who may use a command; listeners allow classes by these words (`listener.allow_commands`).
enum class CommandClass : std::uint8_t {
  public_,        ///< anyone: the job, and what client libraries send of their own accord
  introspection,  ///< what tells about other clients and the configuration
  admin,          ///< what acts on other clients and the daemon
};

/// A set of classes.
class CommandClasses {
 public:
  constexpr CommandClasses() = default;
  constexpr void allow(CommandClass c) { bits_ |= bit(c); }
  [[nodiscard]] constexpr bool has(CommandClass c) const { return (bits_ & bit(c)) != 0; }
  [[nodiscard]] static constexpr CommandClasses all() {
    CommandClasses classes;
    classes.bits_ = 0xff;
    return classes;
  }

 private:
  [[nodiscard]] static constexpr std::uint8_t bit(CommandClass c) {
    return static_cast<std::uint8_t>(1u << static_cast<unsigned>(c));
  }
  std::uint8_t bits_ = 0;
};

/// What becomes of a command between MULTI and EXEC.
enum class InTransaction : std::uint8_t {
  queued,    ///< EXEC runs it, as nearly all
  at_once,   ///< it is run as ever: what is about the transaction itself, or ends it
  executes,  ///< EXEC
};

/// Which of a command's arguments nobody is shown: SLOWLOG, MONITOR and the log have "(redacted)".
enum class Secrets : std::uint8_t {
  none,
  all,          ///< AUTH
  behind_auth,  ///< those behind the word AUTH: HELLO, and what is passed on unread
};

struct CommandSpec {
  static constexpr std::size_t kAnyNumber = std::numeric_limits<std::size_t>::max();
  /// The name of a command that stands for all that nobody declares. One handler may have it.
  static constexpr std::string_view kAnyOther = "*";

  std::string_view name;  ///< lower case: "ceil"; of a subcommand its own word: "list"
  std::string_view synopsis =
      {};  ///< the arguments for people: "real", "[section ...]"; "" for none
  std::string_view summary = {};  ///< one line of help
  std::size_t min_arguments = 0;  ///< behind the name (of a subcommand: behind both words)
  std::size_t max_arguments = 0;
  CommandClass command_class = CommandClass::public_;
  /// Inline: the last of max_arguments is all that follows one separator behind the others,
  /// verbatim.
  bool rest_of_line = false;
  std::uint8_t id = 0;  ///< for the handler's own use: which of its commands this is
  /// Not empty: the first argument picks one of these. The command itself is called only where it
  /// has no arguments and min_arguments is 0 (COMMAND).
  std::span<const CommandSpec> subcommands = {};
  InTransaction in_transaction = InTransaction::queued;
  /// A client's requests of such commands are served while earlier ones of its wait for their
  /// replies: for what others are asked for, where a pipeline would be a round trip for each of its
  /// requests. Their replies keep the order of the requests. handle() must not depend on what the
  /// connection was answered before, and not end it.
  bool overlaps = false;
  Secrets secrets = Secrets::none;
  std::string_view since = "0.1.0";  ///< the version that brought it
};

}  // namespace reactord
