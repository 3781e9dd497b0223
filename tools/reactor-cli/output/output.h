// SPDX-License-Identifier: MIT
// Standard output for data and standard error for messages. Buffers the former; turns a closed
// pipe into a quiet end.
#pragma once

#include <string>
#include <string_view>

namespace reactord::cli {

/// Thrown when the reader of standard output has gone, as `head` does: nothing is left to do.
struct OutputClosed {};

class Output {
 public:
  Output();

  [[nodiscard]] bool is_terminal() const { return terminal_; }
  [[nodiscard]] bool has_color() const { return color_; }

  /// Appends to standard output. Throws OutputClosed, or Failure when it cannot be written.
  void write(std::string_view data);
  void flush();
  /// Before the message of a failure, which a further failure must not hide.
  void flush_quietly();

  /// Help, as wide as the terminal is.
  void information(std::string_view text);
  /// What went wrong here: "reactor-cli: ..." on standard error.
  void message(std::string_view text);
  /// An error as the server gave it, on standard error, in red where it shows colours.
  void server_error(std::string_view text);

 private:
  [[nodiscard]] std::size_t error_columns() const;
  void write_now(std::string_view data);

  bool terminal_;
  bool color_;
  bool error_terminal_;
  bool error_color_;
  std::string pending_;
};

}  // namespace reactord::cli
