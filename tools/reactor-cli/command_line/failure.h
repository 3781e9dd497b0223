// SPDX-License-Identifier: MIT
// How the client ends, and the exception that carries an ending from wherever it is found to main.
#pragma once

#include <stdexcept>
#include <string>

namespace reactord::cli {

/// The exit codes; scripts rely on them.
enum class ExitCode : int {
  success = 0,
  server_error = 1,  ///< the server answered with an error, or the output could not be written
  usage = 2,         ///< the command line or a line of input makes no request
  cannot_connect = 3,
  timed_out = 4,
  protocol_broken = 5,  ///< not a reply, too large a reply, or the end in the middle of one
};

/// Ends the program, or at the prompt the request, with a message for people.
class Failure : public std::runtime_error {
 public:
  Failure(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  [[nodiscard]] ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

}  // namespace reactord::cli
