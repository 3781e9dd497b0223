// SPDX-License-Identifier: MIT
// What the server says about its commands (COMMAND DOCS), made safe to show, and what follows from
// it for completion and help. Knows no terminal and no socket.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "protocol/replies/reply.h"

namespace reactord::cli {

struct CommandDoc {
  std::string name;      ///< lower case; "client list" for a subcommand
  std::string synopsis;  ///< its arguments: "real", "[section ...]"; empty for none
  std::string summary;
};

/// What TAB does: text to insert at the cursor, or else lines to show.
struct Completion {
  std::string insert;
  std::vector<std::string> lines;
};

class CommandDocs {
 public:
  CommandDocs() = default;
  /// Reads a COMMAND DOCS reply of RESP2 or RESP3. What makes no sense is left out: names that are
  /// not made of letters, digits and "-_.", texts beyond what fits on a screen.
  explicit CommandDocs(const Reply& reply);

  [[nodiscard]] bool empty() const { return docs_.empty(); }
  [[nodiscard]] Completion complete(std::string_view before_cursor) const;
  /// All commands, a line each; or what is known of one and its subcommands, empty when nothing is.
  [[nodiscard]] std::string help() const;
  [[nodiscard]] std::string help(std::string_view name) const;

 private:
  void add(std::string_view name, const Reply& doc, bool subcommand);
  [[nodiscard]] std::vector<const CommandDoc*> starting_with(std::string_view prefix) const;

  std::vector<CommandDoc> docs_;  ///< by name
};

}  // namespace reactord::cli
