// SPDX-License-Identifier: MIT
// A matcher is monotone: once it has said `yes` or `no` to some bytes, it says the same to every
// continuation of them. The first row that does not say `no` gives the answer, so the whole is
// monotone too, and the answer does not depend on how the bytes were cut.
#include "protocol/framing/protocol_detector.h"

#include <algorithm>
#include <array>
#include <initializer_list>

namespace reactord {
namespace {

using namespace std::string_view_literals;

using Matcher = ForeignStatus (*)(std::string_view input);

struct Row {
  ForeignProtocol protocol;
  Matcher matches;
};

// A longer request target is not waited for; the `Host:` line behind it tells on HTTP all the same.
constexpr std::size_t kMaxOpeningBytes = 8192;

// --- building blocks -----------------------------------------------------------------------------

// Monotone where both are: `yes` wins, and `undecided` stays until both are decided.
ForeignStatus either(ForeignStatus a, ForeignStatus b) {
  return std::max(a, b);
}

char upper_case(char byte) {
  return byte >= 'a' && byte <= 'z' ? static_cast<char>(byte - 'a' + 'A') : byte;
}

using SameByte = bool (*)(char, char);
bool exact(char a, char b) {
  return a == b;
}
bool any_case(char a, char b) {
  return upper_case(a) == upper_case(b);
}

ForeignStatus begins_with(std::string_view input, std::string_view opening, SameByte same = exact) {
  const std::string_view seen = input.substr(0, opening.size());
  if (!std::equal(seen.begin(), seen.end(), opening.begin(), same)) return ForeignStatus::no;
  return seen.size() == opening.size() ? ForeignStatus::yes : ForeignStatus::undecided;
}

using Openings = std::initializer_list<std::string_view>;

ForeignStatus begins_with_any(std::string_view input, Openings openings, SameByte same = exact) {
  ForeignStatus status = ForeignStatus::no;
  for (const std::string_view opening : openings) {
    status = either(status, begins_with(input, opening, same));
  }
  return status;
}

struct ByteRange {
  unsigned char first;
  unsigned char last;
};
constexpr ByteRange kAny{0x00, 0xff};
constexpr ByteRange is(unsigned char byte) {
  return {byte, byte};
}

// Binary openings: each byte lies in its range.
ForeignStatus begins_with_bytes(std::string_view input, std::initializer_list<ByteRange> ranges) {
  std::size_t at = 0;
  for (const ByteRange& range : ranges) {
    if (at == input.size()) return ForeignStatus::undecided;
    const auto byte = static_cast<unsigned char>(input[at++]);
    if (byte < range.first || byte > range.last) return ForeignStatus::no;
  }
  return ForeignStatus::yes;
}

// A verb, a target and the version, with one blank between them: "GET / HTTP/1.1". The verbs come
// with their blank. Without all three it may be a command of ours: "GET foo".
ForeignStatus is_request_line(std::string_view input, Openings verbs, std::string_view version) {
  const ForeignStatus verb = begins_with_any(input, verbs);
  if (verb != ForeignStatus::yes) return verb;
  const std::size_t target = input.find(' ') + 1;
  const std::size_t target_end = input.find(' ', target);
  const std::size_t line_end = input.find('\n', target);
  if (line_end < target_end || target_end == target) return ForeignStatus::no;
  if (target_end == input.npos) return ForeignStatus::undecided;
  return begins_with(input.substr(target_end + 1), version);
}

// --- matchers, in the table's order --------------------------------------------------------------

// RFC 8446, section 5.1: handshake record, any version, two bytes of length, ClientHello.
ForeignStatus is_tls(std::string_view input) {
  return begins_with_bytes(input, {is(0x16), is(0x03), {0x00, 0x04}, kAny, kAny, is(0x01)});
}

ForeignStatus is_http_host(std::string_view input) {
  return begins_with(input, "HOST:", any_case);
}

// RFC 9110, section 9, WebDAV's first verb, and the HTTP/2 preface (RFC 9113, section 3.4).
ForeignStatus is_http(std::string_view input) {
  const Openings verbs = {"GET ",     "HEAD ",  "POST ",  "PUT ", "DELETE ",  "CONNECT ",
                          "OPTIONS ", "TRACE ", "PATCH ", "PRI ", "PROPFIND "};
  return either(is_request_line(input, verbs, "HTTP/"), is_http_host(input));
}

// RFC 2326, section 10: what a client may begin with.
ForeignStatus is_rtsp(std::string_view input) {
  return is_request_line(input, {"OPTIONS ", "DESCRIBE ", "SETUP ", "ANNOUNCE "}, "RTSP/");
}

// RFC 3261, section 7.1.
ForeignStatus is_sip(std::string_view input) {
  return is_request_line(input, {"OPTIONS ", "REGISTER ", "INVITE ", "SUBSCRIBE "}, "SIP/");
}

// RFC 4253, section 4.2.
ForeignStatus is_ssh(std::string_view input) {
  return begins_with_any(input, {"SSH-2.0-", "SSH-1."});
}

// RFC 5321, section 4.1.1, LMTP (RFC 2033), and the greeting of a server that was connected to us.
ForeignStatus is_smtp(std::string_view input) {
  return begins_with_any(input, {"EHLO ", "HELO ", "LHLO ", "MAIL FROM:", "220 ", "220-"},
                         any_case);
}

// https://www.haproxy.org/download/2.6/doc/proxy-protocol.txt, sections 2.1 and 2.2. The signature
// of version 2 begins with two empty lines, which are left out here.
ForeignStatus is_proxy_v1(std::string_view input) {
  return begins_with_any(input, {"PROXY TCP4 ", "PROXY TCP6 ", "PROXY UNKNOWN"});
}
ForeignStatus is_proxy_v2(std::string_view input) {
  return begins_with(input, "\0\r\nQUIT\n"sv);
}

// MQTT 5.0, section 3.1: CONNECT, a length of one to four bytes, the protocol's name.
ForeignStatus is_mqtt(std::string_view input) {
  if (const auto type = begins_with(input, "\x10"); type != ForeignStatus::yes) return type;
  constexpr std::size_t kMaxLengthEnd = 5;
  std::size_t at = 1;
  while (at < input.size() && at < kMaxLengthEnd && (input[at] & 0x80) != 0) ++at;
  if (at == kMaxLengthEnd) return ForeignStatus::no;
  if (at == input.size()) return ForeignStatus::undecided;
  return begins_with_any(input.substr(at + 1), {"\0\4MQTT"sv, "\0\6MQIsdp"sv});
}

// PostgreSQL's manual, "Message Formats": StartupMessage 3.x; CancelRequest, SSLRequest,
// GSSENCRequest.
ForeignStatus is_postgresql(std::string_view input) {
  const auto startup =
      begins_with_bytes(input, {is(0), is(0), kAny, kAny, is(0), is(3), is(0), {0, 9}});
  const auto request = begins_with_bytes(
      input, {is(0), is(0), is(0), {8, 16}, is(0x04), is(0xd2), is(0x16), {0x2e, 0x30}});
  return either(startup, request);
}

// AMQP 0-9-1, section 4.2.2; AMQP 1.0, section 2.2: the name, then a protocol id below 4.
ForeignStatus is_amqp(std::string_view input) {
  return begins_with_bytes(input, {is('A'), is('M'), is('Q'), is('P'), {0x00, 0x03}});
}

// RFC 1928, section 3: version 5, a count of methods, the first of them.
ForeignStatus is_socks5(std::string_view input) {
  return begins_with_bytes(input, {is(0x05), {0x01, 0x08}, {0x00, 0x09}});
}

// TPKT (RFC 1006) with an X.224 connection request: the remote desktop that scanners look for.
ForeignStatus is_rdp(std::string_view input) {
  return begins_with_bytes(input, {is(0x03), is(0x00), kAny, kAny, kAny, is(0xe0)});
}

// --- the table -----------------------------------------------------------------------------------

// A fatal protocol_version alert (RFC 8446, section 6), in a record that every version accepts.
constexpr auto kTlsAlert = "\x15\x03\x01\x00\x02\x02\x46"sv;

constexpr auto kHttpResponse =
    "HTTP/1.1 400 Bad Request\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n"
    "Content-Length: 80\r\n"
    "Connection: close\r\n"
    "\r\n"
    "This is reactord, not a web server. Use reactor-cli, netcat or a Redis client.\r\n"sv;

// An ErrorResponse: severity, severity again for programs, SQLSTATE protocol_violation, message.
constexpr auto kPostgresqlError =
    "E\x00\x00\x00\x3c"
    "SFATAL\0VFATAL\0C08P01\0MThis is reactord, not PostgreSQL\0\0"sv;

// Behind a proxy stands a client of ours: it reads RESP errors, and so does a person.
constexpr auto kProxyError = "-ERR the PROXY protocol is not enabled on this listener\r\n"sv;

constexpr Row kHttp{{"HTTP", kHttpResponse}, is_http};

constexpr std::array kTable = {
    Row{{"TLS", kTlsAlert}, is_tls},
    kHttp,
    Row{{"RTSP", "RTSP/1.0 400 Bad Request\r\nConnection: close\r\n\r\n"}, is_rtsp},
    Row{{"SIP", "SIP/2.0 400 Bad Request\r\nContent-Length: 0\r\n\r\n"}, is_sip},
    Row{{"SSH", "This is reactord, not an SSH server.\r\n"}, is_ssh},
    Row{{"SMTP", "554 This is reactord, not a mail server\r\n"}, is_smtp},
    Row{{"PROXY v1", kProxyError}, is_proxy_v1},
    Row{{"PROXY v2", kProxyError}, is_proxy_v2},
    Row{{"MQTT", "\x20\x02\x00\x01"sv}, is_mqtt},  // CONNACK: unacceptable protocol version
    Row{{"PostgreSQL", kPostgresqlError}, is_postgresql},
    Row{{"AMQP", {}}, is_amqp},
    Row{{"SOCKS5", "\x05\xff"sv}, is_socks5},  // no acceptable method
    Row{{"RDP", {}}, is_rdp},
};

}  // namespace

ForeignMatch match_foreign_opening(std::string_view input) {
  const std::string_view opening = input.substr(0, kMaxOpeningBytes);
  for (const Row& row : kTable) {
    switch (row.matches(opening)) {
      case ForeignStatus::no:
        break;
      case ForeignStatus::yes:
        return {ForeignStatus::yes, &row.protocol};
      case ForeignStatus::undecided:
        if (opening.size() == kMaxOpeningBytes) break;
        return {ForeignStatus::undecided, nullptr};
    }
  }
  return {ForeignStatus::no, nullptr};
}

ForeignMatch match_foreign_line(std::string_view line) {
  if (is_http_host(line) != ForeignStatus::yes) return {ForeignStatus::no, nullptr};
  return {ForeignStatus::yes, &kHttp.protocol};
}

}  // namespace reactord
