// SPDX-License-Identifier: MIT
// How the program ends, and the exception that carries an ending from wherever it is found to main.
#pragma once

#include <stdexcept>
#include <string>

namespace reactord::load {

/// The exit codes; scripts rely on them.
enum class ExitCode : int {
  success = 0,
  /// A wrong, missing or surplus reply, a threshold that does not hold, or a result that could not
  /// be written.
  failed = 1,
  usage = 2,  ///< the command line or the scenario makes no sense, or a file cannot be opened
  cannot_connect = 3,
};

class Stopped : public std::runtime_error {
 public:
  Stopped(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  [[nodiscard]] ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

}  // namespace reactord::load
