// SPDX-License-Identifier: MIT
// reactor-cli: picks what to do and turns every ending into a message and an exit code.
#include <fmt/format.h>
#include <langinfo.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <new>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "daemon/console/standard_descriptors.h"
#include "tools/reactor-cli/batch.h"
#include "tools/reactor-cli/command_line/failure.h"
#include "tools/reactor-cli/command_line/options.h"
#include "tools/reactor-cli/doctor/doctor.h"
#include "tools/reactor-cli/hash.h"
#include "tools/reactor-cli/measure/measure.h"
#include "tools/reactor-cli/one_shot.h"
#include "tools/reactor-cli/operator/chat.h"
#include "tools/reactor-cli/operator/operator_console.h"
#include "tools/reactor-cli/output/output.h"
#include "tools/reactor-cli/output/printer.h"
#include "tools/reactor-cli/raw.h"
#include "tools/reactor-cli/terminal/prompt.h"
#include "tools/reactor-cli/top/top.h"
#include "tools/reactor-cli/upgrade/upgrade.h"

namespace {

using namespace reactord::cli;

constexpr std::size_t kMaxArgumentBytes = 512u << 20;  // Redis' own limit of one bulk string

// The line editor reads multi-byte characters by the locale; LC_ALL=C must not lose them.
void set_locale() {
  std::setlocale(LC_CTYPE, "");
  if (std::strcmp(::nl_langinfo(CODESET), "UTF-8") != 0) std::setlocale(LC_CTYPE, "C.UTF-8");
}

// As it is, a last line's end included: it may be a file's bytes.
std::string all_of_input() {
  std::string bytes;
  std::array<char, 64u << 10> room{};
  while (true) {
    const ssize_t count = ::read(STDIN_FILENO, room.data(), room.size());
    if (count == 0) return bytes;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      throw Failure(ExitCode::usage,
                    fmt::format("cannot read standard input: {}", std::strerror(errno)));
    }
    bytes.append(room.data(), static_cast<std::size_t>(count));
    if (bytes.size() > kMaxArgumentBytes) {
      throw Failure(ExitCode::usage,
                    fmt::format("-x: an argument of more than {} MiB", kMaxArgumentBytes >> 20));
    }
  }
}

Options with_input(Options options) {
  if (options.last_from_input) options.command.push_back(all_of_input());
  return options;
}

ExitCode watch(const Options& options, Output& output) {
  switch (options.mode) {
    case Mode::doctor:
      return run_doctor(options, output);
    case Mode::top:
      return run_top(options, output);
    case Mode::stat:
      return run_stat(options, output);
    case Mode::latency:
      return run_latency(options, output);
    case Mode::latency_dist:
      return run_latency_dist(options, output);
    case Mode::intrinsic_latency:
      return run_intrinsic_latency(options, output);
    case Mode::requests:
    case Mode::operate:
    case Mode::chat:
    case Mode::hash:
    case Mode::upgrade:
      break;
  }
  return ExitCode::usage;
}

ExitCode run(const Options& options, Output& output) {
  if (!options.information.empty()) {
    output.information(options.information);
    return ExitCode::success;
  }
  if (options.mode == Mode::hash) return run_hash(options, output);
  if (options.mode == Mode::upgrade) return run_upgrade(options, output);
  if (options.mode == Mode::operate) return run_operator(options, output);
  if (options.mode == Mode::chat) return run_chat(options, output);
  if (watches(options.mode)) return watch(options, output);
  if (options.framing == Framing::raw) return run_raw(options, output);
  Printer printer(options, output);
  if (!options.command.empty()) return run_one_shot(options, printer);
  if (::isatty(STDIN_FILENO) == 1 && output.is_terminal()) return run_prompt(options, printer);
  return run_batch(options, printer);
}

// Whoever lists processes sees their arguments.
void hide_password(int argc, char** argv) {
  for (int i = 1; i + 1 < argc; ++i) {
    const std::string_view option = argv[i];
    if (option == "-a" || option == "--pass")
      std::memset(argv[i + 1], '*', std::strlen(argv[i + 1]));
  }
}

ExitCode guarded_run(int argc, char** argv) {
  Output output;
  try {
    Options options = parse_options(argc, argv);
    if (options.has_typed_password) hide_password(argc, argv);
    return run(with_input(std::move(options)), output);
  } catch (const OutputClosed&) {
    return ExitCode::success;
  } catch (const Failure& failure) {
    output.flush_quietly();
    output.message(failure.what());
    return failure.code();
  } catch (const std::bad_alloc&) {
    output.message("out of memory");
    return ExitCode::protocol_broken;
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    reactord::occupy_standard_descriptors();
  } catch (const std::system_error& error) {
    std::fprintf(stderr, "reactor-cli: %s\n", error.what());
    return static_cast<int>(ExitCode::server_error);
  }
  std::signal(SIGPIPE, SIG_IGN);
  set_locale();
  return static_cast<int>(guarded_run(argc, argv));
}
