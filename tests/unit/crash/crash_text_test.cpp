// SPDX-License-Identifier: MIT
#include "daemon/crash/crash_text.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <limits>
#include <string>

namespace reactord {
namespace {

/// What the test writes, and reads again.
class Pipe {
 public:
  Pipe() { REQUIRE(::pipe2(ends_.data(), O_CLOEXEC | O_NONBLOCK) == 0); }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    for (const int end : ends_) ::close(end);
  }
  [[nodiscard]] int in() const { return ends_[1]; }
  std::string take() const {
    std::array<char, 1u << 16> bytes;
    const ssize_t n = ::read(ends_[0], bytes.data(), bytes.size());
    return n > 0 ? std::string(bytes.data(), static_cast<std::size_t>(n)) : "";
  }

 private:
  std::array<int, 2> ends_{};
};

using Ip = std::array<std::uint8_t, 16>;

TEST_CASE("crash text: a line of texts and numbers, behind its prefix") {
  const Pipe pipe;
  CrashText text(pipe.in(), "<2>");
  text.text("a ").number(0).text(" ").number(std::numeric_limits<std::uint64_t>::max());
  text.text(" ").hex(0).text(" ").hex(0xdeadbeef).end_line();
  text.text("b").end_line();
  CHECK(pipe.take() == "<2>a 0 18446744073709551615 0x0 0xdeadbeef\n<2>b\n");
}

TEST_CASE("crash text: any bytes are one line") {
  const Pipe pipe;
  CrashText text(pipe.in(), "");
  text.text({"a\nb\0\x7f\xff", 6}).end_line();
  CHECK(pipe.take() == "a?b??\xff\n");
}

TEST_CASE("crash text: what is beyond a line is left out, and the next one is whole") {
  const Pipe pipe;
  CrashText text(pipe.in(), "<2>");
  text.text(std::string(5000, 'x')).end_line();
  CHECK(pipe.take() == "<2>" + std::string(CrashText::kMaxLineBytes - 3, 'x') + "\n");
  text.text("b").end_line();
  CHECK(pipe.take() == "<2>b\n");
}

TEST_CASE("crash text: addresses") {
  const Pipe pipe;
  CrashText text(pipe.in(), "");
  text.ip(Ip{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1}).end_line();
  text.ip(Ip{0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff}).end_line();
  text.ip(Ip{}).end_line();
  CHECK(pipe.take() == "127.0.0.1\n2001:db8:0:0:0:0:0:ff\na Unix socket\n");
}

TEST_CASE("crash text: where nobody reads, lines are lost and nothing waits for long") {
  const Pipe pipe;
  const std::string chunk(1u << 16, 'x');
  while (::write(pipe.in(), chunk.data(), chunk.size()) > 0) {
  }
  CrashText text(pipe.in(), "");
  text.text("lost").end_line();
  while (pipe.take().size() == 1u << 16) {
  }
  text.text("kept").end_line();
  CHECK(pipe.take() == "kept\n");
  CrashText nowhere(-1, "");
  nowhere.text("lost").end_line();
}

}  // namespace
}  // namespace reactord
