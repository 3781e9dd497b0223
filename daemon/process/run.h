// SPDX-License-Identifier: MIT
// A daemon of your own: all that reactord has (configuration, command line, signals, logs, systemd,
// administration), with your handlers, under your program's name. It is all of main():
//
//   int main(int argc, char** argv) { return reactord::run(argc, argv, {greet_handler()}); }
#pragma once

#include <vector>

#include "daemon/interface/handler_entry.h"

namespace reactord {

/// Reads the command line and serves until it is told to stop; returns the exit code of the process
/// (0 stopped as asked, 1 failed, 2 usage, 78 bad configuration), after telling on standard error
/// what is wrong. The built-in handlers (PING, HELLO, CLIENT, COMMAND, HELP, INFO, ...) are there
/// without being named. Where offloaded work hangs at the end (Service::offload()), it does not
/// return: the process ends there, with status 0. Call it once, before the process has other
/// threads: it decides about signals, descriptors and memory of the whole process.
[[nodiscard]] int run(int argc, char** argv, std::vector<HandlerEntry> handlers);

}  // namespace reactord
