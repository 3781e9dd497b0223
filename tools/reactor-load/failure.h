// SPDX-License-Identifier: MIT
// How the program ends, and the exception that carries an ending from wherever it is found to main.
#pragma once

#include <stdexcept>
#include <string>

namespace reactord::load {

/// The exit codes; scripts rely on them.
enum class ExitCode : int {
  success = 0,
  failed = 1,  ///< a wrong, missing or surplus reply, or a threshold that does not hold
  usage = 2,   ///< the command line or the scenario makes no sense, or a file cannot be written
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
