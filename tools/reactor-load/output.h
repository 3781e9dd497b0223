// SPDX-License-Identifier: MIT
// Where the results go: standard output and files. Tells what could not be written there; knows
// not what is written.
#pragma once

#include <string>
#include <string_view>

namespace reactord::load {

/// Standard output. A run goes on when it cannot be written (its files may yet be), so that the
/// problem is kept, for the end.
class StandardOutput {
 public:
  void write(std::string_view text);
  /// "" where all was written. A reader that has gone (`reactor-load ... | head`) is no problem.
  [[nodiscard]] std::string problem() const;

 private:
  int error_ = 0;  ///< the first; nothing is written after it
};

/// Standard error. Nobody is left to be told where that cannot be written.
void complain(std::string_view message);

/// Writes a whole file, or says why not: "" or the problem.
[[nodiscard]] std::string save(const std::string& path, std::string_view text);

/// Whether save() can work: hours of running must not end with a result that cannot be kept.
[[nodiscard]] std::string check_can_save(const std::string& path);

}  // namespace reactord::load
