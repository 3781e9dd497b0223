// SPDX-License-Identifier: MIT
// Each opening at every prefix: `undecided` may turn into one answer, and that answer never
// changes.
#include "protocol/framing/protocol_detector.h"

#include <doctest/doctest.h>

#include <charconv>
#include <string>
#include <string_view>

namespace reactord {
namespace {

using namespace std::string_literals;

struct OpeningRow {
  std::string opening;
  std::string_view name;  // empty: not foreign
};

// The answer to every prefix is the final one or `undecided`, and the final one is given for good.
void check_every_prefix(const OpeningRow& row) {
  CAPTURE(row.opening);
  const ForeignStatus expected = row.name.empty() ? ForeignStatus::no : ForeignStatus::yes;
  const std::string_view opening = row.opening;
  bool decided = false;
  for (std::size_t size = 0; size <= opening.size(); ++size) {
    CAPTURE(size);
    const ForeignMatch match = match_foreign_opening(opening.substr(0, size));
    if (match.status == ForeignStatus::undecided) {
      REQUIRE_FALSE(decided);
      continue;
    }
    decided = true;
    REQUIRE(match.status == expected);
    if (match.protocol != nullptr) REQUIRE(match.protocol->name == row.name);
  }
  CHECK(decided);
}

TEST_CASE("foreign openings") {
  const OpeningRow rows[] = {
      {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"s, "TLS"},
      {"\x16\x03\x00\x00\x2d\x01"s, "TLS"},
      {"\x16\x03\x03\x0a\x0a\x01"s, "TLS"},
      {"GET / HTTP/1.1\r\nHost: x\r\n", "HTTP"},
      {"POST /a?b=c HTTP/1.0\r\n", "HTTP"},
      {"HEAD * HTTP/9", "HTTP"},
      {"PUT /x HTTP/1.1\r\n", "HTTP"},
      {"DELETE /x HTTP/1.1\r\n", "HTTP"},
      {"PATCH /x HTTP/1.1\r\n", "HTTP"},
      {"TRACE /x HTTP/1.1\r\n", "HTTP"},
      {"CONNECT example.org:443 HTTP/1.1\r\n", "HTTP"},
      {"OPTIONS * HTTP/1.1\r\n", "HTTP"},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP"},
      {"PROPFIND / HTTP/1.1\r\n", "HTTP"},
      {"GET /" + std::string(8000, 'x') + " HTTP/1.1\r\n", "HTTP"},
      {"Host: localhost\r\n", "HTTP"},
      {"hOsT:x", "HTTP"},
      {"OPTIONS rtsp://h/x RTSP/1.0\r\n", "RTSP"},
      {"DESCRIBE rtsp://h/x RTSP/1.0\r\n", "RTSP"},
      {"OPTIONS sip:nm SIP/2.0\r\n", "SIP"},
      {"REGISTER sip:example.org SIP/2.0\r\n", "SIP"},
      {"SSH-2.0-OpenSSH_9.2p1\r\n", "SSH"},
      {"SSH-1.99-x\r\n", "SSH"},
      {"EHLO client.example\r\n", "SMTP"},
      {"helo x\r\n", "SMTP"},
      {"LHLO x\r\n", "SMTP"},
      {"MAIL FROM:<a@b>\r\n", "SMTP"},
      {"220 mx.example ESMTP\r\n", "SMTP"},
      {"220-mx.example\r\n", "SMTP"},
      {"PROXY TCP4 1.2.3.4 5.6.7.8 9 10\r\nPING\r\n", "PROXY v1"},
      {"PROXY TCP6 ::1 ::1 9 10\r\n", "PROXY v1"},
      {"PROXY UNKNOWN\r\n", "PROXY v1"},
      {"\0\r\nQUIT\n\x21\x11\x00\x0c"s, "PROXY v2"},
      {"\x10\x25\x00\x04MQTT\x05"s, "MQTT"},
      {"\x10\x80\x01\x00\x04MQTT\x04"s, "MQTT"},
      {"\x10\xff\xff\xff\x7f\x00\x06MQIsdp\x03"s, "MQTT"},
      {"\0\0\0\x2a\0\x03\0\0user\0"s, "PostgreSQL"},
      {"\0\0\0\x08\x04\xd2\x16\x2f"s, "PostgreSQL"},
      {"\0\0\0\x10\x04\xd2\x16\x2e"s, "PostgreSQL"},
      {"AMQP\0\0\x09\x01"s, "AMQP"},
      {"AMQP\x03\x01\x00\x00"s, "AMQP"},
      {"\x05\x01\x00"s, "SOCKS5"},
      {"\x03\0\0\x13\x0e\xe0\0"s, "RDP"},
  };
  for (const OpeningRow& row : rows) check_every_prefix(row);
}

TEST_CASE("what is ours is never taken for foreign") {
  const char* const rows[] = {
      "*1\r\n$4\r\nPING\r\n",
      "PING\r\n",
      "GET foo\r\n",
      "GET foo\n",
      "GET foo bar\r\n",
      "GET  / HTTP/1.1\r\n",
      "GET  HTTP/1.1\r\n",
      "GET HTTP/1.1\r\n",
      "get / HTTP/1.1\r\n",
      "OPTIONS\r\n",
      "POST\n",
      "TEXT GET / HTTP/1.1\r\n",
      "TEXT Host: x\r\n",
      "ECHO HTTP/1.1\r\n",
      "HELLO 3\r\n",
      "HELP\n",
      "HOST\r\n",
      "CEIL 4.40\n",
      "CONFIG GET *\r\n",
      "CONNECT\n",
      "COMMAND DOCS\r\n",
      "CLIENT LIST\r\n",
      "SELECT 0\r\n",
      "SSH\n",
      "SSH-3.0-x\n",
      "MAIL\n",
      "PROXY\n",
      "PROXY TCP5 x\n",
      "220\n",
      "AMQP\n",
      "4.40\n",
      "\x16\x03\x09",
      "\x10\xff\xff\xff\xff\x7f",
  };
  for (const char* const row : rows) check_every_prefix({row, {}});
}

TEST_CASE("the wait is bounded") {
  CHECK(match_foreign_opening("").status == ForeignStatus::undecided);
  CHECK(match_foreign_opening("GET /").status == ForeignStatus::undecided);
  const std::string target = "GET /" + std::string(10000, 'x');
  CHECK(match_foreign_opening(target).status == ForeignStatus::no);
  CHECK(match_foreign_opening(target + " HTTP/1.1\r\n").status == ForeignStatus::no);
}

TEST_CASE("a Host: line is HTTP wherever it stands") {
  const ForeignMatch match = match_foreign_line("host: example.org");
  REQUIRE(match.status == ForeignStatus::yes);
  CHECK(match.protocol->name == "HTTP");
  for (const char* line :
       {"", "Host", "Hos", "HOSTS: x", " Host: x", "TEXT Host: x", "PING", "GET / HTTP/1.1"}) {
    CAPTURE(line);
    CHECK(match_foreign_line(line).status == ForeignStatus::no);
  }
}

std::string_view farewell(std::string_view opening) {
  return match_foreign_opening(opening).protocol->farewell;
}

TEST_CASE("farewells are what the other side parses") {
  const std::string_view http = farewell("GET / HTTP/1.1");
  const std::string_view field = "Content-Length: ";
  const char* const digits = http.data() + http.find(field) + field.size();
  std::size_t length = 0;
  std::from_chars(digits, http.data() + http.size(), length);
  CHECK(http.substr(http.find("\r\n\r\n") + 4).size() == length);

  CHECK(farewell("\x16\x03\x01\x02\x00\x01"s) == "\x15\x03\x01\x00\x02\x02\x46"s);
  CHECK(farewell("\x10\x25\x00\x04MQTT"s) == "\x20\x02\x00\x01"s);
  CHECK(farewell("EHLO x").starts_with("554 "));

  const std::string_view postgresql = farewell("\0\0\0\x08\x04\xd2\x16\x2f"s);
  const auto announced = static_cast<unsigned char>(postgresql[4]);
  CHECK(postgresql.substr(0, 4) == "E\0\0\0"s);
  CHECK(announced == postgresql.size() - 1);
}

}  // namespace
}  // namespace reactord
