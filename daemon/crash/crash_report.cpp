// SPDX-License-Identifier: MIT
#include "daemon/crash/crash_report.h"

#include <execinfo.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <new>

namespace reactord {

namespace {

struct Fault {
  int signal;
  std::string_view name;
};
constexpr Fault kFaults[] = {{SIGSEGV, "SIGSEGV"},
                             {SIGBUS, "SIGBUS"},
                             {SIGILL, "SIGILL"},
                             {SIGFPE, "SIGFPE"},
                             {SIGABRT, "SIGABRT"}};

/// The handler and the unwinder use some 10 KiB; a thread's untouched pages cost nothing.
constexpr std::size_t kStackBytes = 64u << 10;
constexpr int kMaxFrames = 64;
/// Of the backtrace, at a time.
constexpr std::size_t kReadBytes = 1024;

/// All that the handler knows. Plain, since it may run at any time.
struct State {
  std::atomic<bool> has_begun{false};
  pid_t thread = 0;  ///< that the describer knows about
  std::string_view program;
  std::string_view prefix;
  std::atomic<CrashDescriber> describe{nullptr};
  std::atomic<const void*> what{nullptr};
  /// Where the backtrace is put together: what writes it writes lines of its own, and waits.
  int backtrace_file = -1;
};
constinit State the_state;

/// A sanitizer has handlers and stacks of its own, and says more.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kIsSanitized = true;
#elif defined(__has_feature)
constexpr bool kIsSanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||
                              __has_feature(memory_sanitizer);
#else
constexpr bool kIsSanitized = false;
#endif

std::string_view name_of(int signal) noexcept {
  for (const Fault& fault : kFaults)
    if (fault.signal == signal) return fault.name;
  return "a signal";
}

/// By the instruction under way, which faults again when the handler returns; not sent by somebody.
bool is_of_an_instruction(const siginfo_t& info) noexcept {
  return info.si_code > 0 && info.si_signo != SIGABRT;
}

/// sigaction(2)
std::string_view words_for(const siginfo_t& info) noexcept {
  switch (info.si_signo) {
    case SIGSEGV:
      if (info.si_code == SEGV_MAPERR) return "nothing is mapped at";
      return info.si_code == SEGV_ACCERR ? "no such access is allowed at" : "a fault at";
    case SIGBUS:
      return info.si_code == BUS_ADRERR ? "nothing is behind" : "a fault at";
    case SIGFPE:
      return info.si_code == FPE_INTDIV ? "a division by zero at"
                                        : "arithmetic that has no result at";
    default:
      return "at";
  }
}

void tell_cause(CrashText& text, const siginfo_t& info) noexcept {
  text.text(the_state.program).text(" crashed: ").text(name_of(info.si_signo)).text(", ");
  if (is_of_an_instruction(info)) {
    text.text(words_for(info)).text(" ").hex(reinterpret_cast<std::uintptr_t>(info.si_addr));
  } else if (info.si_code == SI_USER && info.si_pid != ::getpid()) {
    text.text("sent by process ").number(static_cast<std::uint64_t>(info.si_pid));
    text.text(" of user ").number(info.si_uid);
  } else {
    text.text("raised by itself");
  }
  text.end_line();
}

void tell_doings(CrashText& text) noexcept {
  if (::gettid() != the_state.thread) {
    std::array<char, 17> name{};  // prctl(2): 16 bytes
    (void)::prctl(PR_GET_NAME, name.data());
    text.text("it was in a thread beside the loop: ").text(name.data()).end_line();
  } else if (const CrashDescriber describe = the_state.describe) {
    describe(text, the_state.what);
  }
}

/// Line by line, as the rest.
void tell_lines_of(int file, CrashText& text) noexcept {
  std::array<char, kReadBytes> some;
  off_t at = 0;
  while (true) {
    const ssize_t n = ::pread(file, some.data(), some.size(), at);
    if (n <= 0) return;
    at += n;
    for (const char& byte : std::span(some).first(static_cast<std::size_t>(n)))
      byte == '\n' ? text.end_line() : void(text.text({&byte, 1}));
  }
}

void tell_backtrace(CrashText& text) noexcept {
  std::array<void*, kMaxFrames> frames;
  const int count = ::backtrace(frames.data(), kMaxFrames);
  text.text("backtrace, innermost call first:").end_line();
  const int file = the_state.backtrace_file;
  ::backtrace_symbols_fd(frames.data(), count, file < 0 ? STDERR_FILENO : file);
  if (file >= 0) tell_lines_of(file, text);
}

/// What is likely to go wrong comes last.
void report(const siginfo_t& info) noexcept {
  CrashText text(STDERR_FILENO, the_state.prefix);
  tell_cause(text, info);
  tell_doings(text);
  tell_backtrace(text);
}

/// The kernel has set the default again (SA_RESETHAND). A fault in here ends the process at once,
/// as that of another thread does.
void on_crash(int signal, siginfo_t* info, void* /*context*/) {
  const int error = errno;
  if (!the_state.has_begun.exchange(true)) report(*info);
  errno = error;
  if (!is_of_an_instruction(*info)) (void)::raise(signal);  // comes when this returns
}

bool is_left_to_us(int signal) noexcept {
  struct sigaction now {};
  return ::sigaction(signal, nullptr, &now) == 0 && (now.sa_flags & SA_SIGINFO) == 0 &&
         (now.sa_handler == SIG_DFL || now.sa_handler == SIG_IGN);
}

void handle(int signal) noexcept {
  struct sigaction action {};
  action.sa_sigaction = on_crash;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | static_cast<int>(SA_RESETHAND);
  ::sigemptyset(&action.sa_mask);
  for (const Fault& fault : kFaults) ::sigaddset(&action.sa_mask, fault.signal);
  (void)::sigaction(signal, &action, nullptr);
}

/// The first call loads the unwinder, which a handler may not.
void warm_up() noexcept {
  std::array<void*, 1> frame;
  (void)::backtrace(frame.data(), 1);
}

}  // namespace

void install_crash_report(std::string_view program, std::string_view prefix) {
  if (kIsSanitized) return;
  static const CrashStack stack;
  the_state.program = program;
  the_state.prefix = prefix;
  the_state.thread = ::gettid();
  the_state.backtrace_file = ::memfd_create("backtrace", MFD_CLOEXEC);
  warm_up();
  for (const Fault& fault : kFaults)
    if (is_left_to_us(fault.signal)) handle(fault.signal);
}

CrashDescription::CrashDescription(CrashDescriber describe, const void* what) noexcept {
  the_state.what = what;
  the_state.describe = describe;
}

CrashDescription::~CrashDescription() {
  the_state.describe = nullptr;
}

/// Without memory for it a thread goes on without.
CrashStack::CrashStack()
    : bytes_(kIsSanitized ? nullptr : new (std::nothrow) std::byte[kStackBytes]) {
  if (!bytes_) return;
  const stack_t stack{.ss_sp = bytes_.get(), .ss_flags = 0, .ss_size = kStackBytes};
  (void)::sigaltstack(&stack, nullptr);
}

CrashStack::~CrashStack() {
  const stack_t none{.ss_sp = nullptr, .ss_flags = SS_DISABLE, .ss_size = 0};
  if (bytes_) (void)::sigaltstack(&none, nullptr);
}

}  // namespace reactord
