// SPDX-License-Identifier: MIT
// The PROXY header at every cut and of every length. The examples are the specification's own, and
// what HAProxy 2.6 sends.
#include "protocol/proxy/proxy_header.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace reactord {
namespace {

using namespace std::string_literals;
using Status = ProxyHeaderParser::Status;

const std::string kSignature = "\r\n\r\n\0\r\nQUIT\n"s;
const std::string kIpv4Addresses = "\xc0\x00\x02\x07\xc6\x33\x64\x01\xdc\x04\x01\xbb"s;
constexpr const char* kIpv4Client = "::ffff:192.0.2.7 port 56324";

/// What a header came to: "::ffff:192.0.2.7 port 56324", "local", "unknown", or what is wrong. And
/// how much of the stream it took.
struct HeaderOutcome {
  std::string what;
  std::size_t taken = 0;
  bool operator==(const HeaderOutcome&) const = default;
};

std::string text_of(const ProxiedClient& client) {
  std::string text;
  for (const std::uint8_t byte : client.mapped_ip) {
    constexpr auto kHex = "0123456789abcdef";
    text += kHex[byte >> 4];
    text += kHex[byte & 15];
  }
  const bool is_ipv4 = text.starts_with("00000000000000000000ffff");
  if (is_ipv4) {
    text = "::ffff:";
    for (std::size_t i = 12; i < 16; ++i)
      text += (i == 12 ? "" : ".") + std::to_string(client.mapped_ip[i]);
  }
  return text + " port " + std::to_string(client.port);
}

/// Offers the stream as a socket does: all that has arrived and was not taken yet.
class Player {
 public:
  /// The next piece arrives. False once the header is over.
  bool arrive(std::string_view piece) {
    waiting_ += piece;
    const ProxyHeaderParser::Result result = parser_.feed(waiting_);
    taken_ += result.taken;
    waiting_.erase(0, result.taken);
    status_ = result.status;
    return status_ == Status::need_more;
  }
  [[nodiscard]] HeaderOutcome outcome() const {
    if (status_ == Status::need_more) return {"more", taken_};
    if (status_ == Status::error) return {std::string(parser_.error()), 0};
    if (parser_.client()) return {text_of(*parser_.client()), taken_};
    return {parser_.is_local() ? "local" : "unknown", taken_};
  }

 private:
  ProxyHeaderParser parser_;
  std::string waiting_;
  std::size_t taken_ = 0;
  Status status_ = Status::need_more;
};

HeaderOutcome play(const std::vector<std::string_view>& pieces) {
  Player player;
  for (const std::string_view piece : pieces)
    if (!player.arrive(piece)) break;
  return player.outcome();
}

HeaderOutcome play(std::string_view whole) {
  return play(std::vector{whole});
}

HeaderOutcome play_bytewise(std::string_view whole) {
  Player player;
  for (const char& c : whole)
    if (!player.arrive({&c, 1})) break;
  return player.outcome();
}

/// The same however it is cut, and not a byte of what follows is taken.
void check_every_cut(const std::string& header, const std::string& expected) {
  CAPTURE(header);
  const HeaderOutcome outcome{expected, header.size()};
  const std::string stream = header + "*1\r\n$4\r\nPING\r\n";
  CHECK(play(stream) == outcome);
  CHECK(play_bytewise(stream) == outcome);
  const std::string_view view = stream;
  for (std::size_t cut = 1; cut < stream.size(); ++cut)
    CHECK(play({view.substr(0, cut), view.substr(cut)}) == outcome);
  for (std::size_t cut = 0; cut < header.size(); ++cut)
    CHECK(play(view.substr(0, cut)).what == "more");
}

void check_error(const std::string& bytes, const std::string& error) {
  CAPTURE(bytes);
  CHECK(play(bytes) == HeaderOutcome{error, 0});
  CHECK(play_bytewise(bytes) == HeaderOutcome{error, 0});
}

std::string length_of(std::size_t bytes) {
  return {static_cast<char>(bytes >> 8), static_cast<char>(bytes & 0xff)};
}

std::string version_2(char command, char family, const std::string& rest) {
  return kSignature + command + family + length_of(rest.size()) + rest;
}

std::string tlv(char type, const std::string& value) {
  return type + length_of(value.size()) + value;
}

/// Bit by bit, and without a table: another way than the parser's.
std::uint32_t crc32c_of(const std::string& bytes) {
  std::uint32_t crc = ~0u;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (0x82f63b78u & (0u - (crc & 1u)));
  }
  return ~crc;
}

/// A header for IPv4 with `before` and `behind` around a checksum of the whole.
std::string with_checksum(const std::string& before, const std::string& behind) {
  const auto with = [&](const std::string& sum) {
    return version_2('\x21', '\x11', kIpv4Addresses + before + tlv('\x03', sum) + behind);
  };
  const std::uint32_t crc = crc32c_of(with(std::string(4, '\0')));
  std::string sum;
  for (int shift = 24; shift >= 0; shift -= 8) sum += static_cast<char>(crc >> shift & 0xff);
  return with(sum);
}

// --- version 1

TEST_CASE("proxy header: the specification's lines") {
  check_every_cut("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n",
                  "::ffff:255.255.255.255 port 65535");
  check_every_cut(
      "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
      "65535 65535\r\n",
      std::string(32, 'f') + " port 65535");
  check_every_cut("PROXY UNKNOWN\r\n", "unknown");
  // Of 107 bytes, the longest that there is.
  check_every_cut(
      "PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
      "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
      "unknown");
  check_every_cut("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n",
                  "::ffff:192.168.0.1 port 56324");
}

TEST_CASE("proxy header: an IPv4-mapped client is an IPv4 client") {
  check_every_cut("PROXY TCP6 ::ffff:192.0.2.7 ::1 56324 443\r\n", kIpv4Client);
  const std::string mapped = std::string(10, '\0') + "\xff\xff\xc0\x00\x02\x07"s;
  check_every_cut(version_2('\x21', '\x21', mapped + std::string(16, '\0') + "\xdc\x04\x01\xbb"s),
                  kIpv4Client);
}

TEST_CASE("proxy header: lines that are none") {
  check_error("PING\r\n", "there is none");
  check_error("*1\r\n$4\r\nPING\r\n", "there is none");
  check_error("PROXY\r\n", "there is none");
  check_error("\x16\x03\x01", "there is none");
  check_error("PROXY UNKNOWN" + std::string(94, ' '), "its line is longer than 107 bytes");
  check_error("PROXY UNKNOWN\n", "its line does not end with CRLF");
  check_error("PROXY TCP5 1.2.3.4 1.2.3.4 1 1\r\n", "it names none of TCP4, TCP6 and UNKNOWN");
  check_error("PROXY UNKNOWNS\r\n", "it names none of TCP4, TCP6 and UNKNOWN");
  check_error("PROXY tcp4 1.2.3.4 1.2.3.4 1 1\r\n", "it names none of TCP4, TCP6 and UNKNOWN");
  for (const char* words : {"1.2.3.4 1.2.3.4 1", "1.2.3.4 1.2.3.4 1 1 ", "1.2.3.4 1.2.3.4 1 1 1",
                            "1.2.3.4  1.2.3.4 1 1", ""})
    check_error("PROXY TCP4 "s + words + "\r\n", "it has not four words behind TCP");
  for (const char* words : {"1.2.3 1.2.3.4 1 1", "1.2.3.4 01.2.3.4 1 1", "::1 ::1 1 1",
                            "1.2.3.256 1.2.3.4 1 1", "a 1.2.3.4 1 1"})
    check_error("PROXY TCP4 "s + words + "\r\n", "it has no good address");
  check_error("PROXY TCP4 1.2.3.4\0x 1.2.3.4 1 1\r\n"s, "it has no good address");
  check_error("PROXY TCP6 1.2.3.4 ::1 1 1\r\n", "it has no good address");
  check_error("PROXY TCP6 ::1%lo ::1 1 1\r\n", "it has no good address");
  for (const char* ports : {"65536 1", "1 65536", "-1 1", "+1 1", "01 1", "1 00", "1 1\t", "x 1"})
    check_error("PROXY TCP4 1.2.3.4 1.2.3.4 "s + ports + "\r\n", "it has no good port");
}

// --- version 2

TEST_CASE("proxy header: the families of version 2") {
  check_every_cut(version_2('\x21', '\x11', kIpv4Addresses), kIpv4Client);
  check_every_cut(version_2('\x21', '\x12', kIpv4Addresses), kIpv4Client);
  const std::string ipv6 = "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x01"s;
  check_every_cut(version_2('\x21', '\x21', ipv6 + std::string(16, '\1') + "\xdc\x04\x01\xbb"s),
                  "20010db8000000000000000000000001 port 56324");
  check_every_cut(version_2('\x21', '\x31', std::string(216, 'x')), "unknown");
  check_every_cut(version_2('\x21', '\x32', std::string(216, '\0')), "unknown");
  check_every_cut(version_2('\x21', '\0', ""), "unknown");
  check_every_cut(version_2('\x21', '\0', "no TLV"), "unknown");
}

TEST_CASE("proxy header: LOCAL is taken whatever it says besides") {
  check_every_cut(version_2('\x20', '\0', ""), "local");
  check_every_cut(version_2('\x20', '\x11', kIpv4Addresses), "local");
  check_every_cut(version_2('\x20', '\xff', "anything"), "local");
  check_every_cut(version_2('\x20', '\x21', "short"), "local");
}

TEST_CASE("proxy header: version 2 that is wrong") {
  check_error(kSignature.substr(0, 11) + "\r" + std::string(4, '\0'), "there is none");
  check_error("\r\n\r\nPING\r\n", "there is none");
  check_error(version_2('\x11', '\x11', kIpv4Addresses), "its version is neither 1 nor 2");
  check_error(version_2('\x31', '\x11', kIpv4Addresses), "its version is neither 1 nor 2");
  check_error(version_2('\x22', '\x11', kIpv4Addresses), "its command is neither LOCAL nor PROXY");
  for (const char family : {'\x10', '\x13', '\x41', '\x01', '\xff'})
    check_error(version_2('\x21', family, std::string(216, '\0')),
                "its family or transport is unknown");
}

TEST_CASE("proxy header: every length up to a few TLVs") {
  for (const auto& [family, bytes] :
       {std::pair{'\x11', std::size_t{12}}, {'\x21', 36}, {'\x31', 216}})
    for (std::size_t length = 0; length < bytes + 9; ++length) {
      CAPTURE(length);
      // Zeros are TLVs of type 0 without a value.
      const std::string header = version_2('\x21', family, std::string(length, '\0'));
      const std::string expected = length < bytes ? "it is too short for its addresses"
                                   : (length - bytes) % 3 != 0
                                       ? "a TLV in it is longer than the header"
                                       : "";
      const HeaderOutcome outcome = play(header + "PING");
      if (expected.empty())
        CHECK(outcome.taken == header.size());
      else
        CHECK(outcome.what == expected);
      CHECK(outcome == play_bytewise(header + "PING"));
    }
}

TEST_CASE("proxy header: 64 KiB of TLVs are skipped") {
  std::string tlvs;
  while (tlvs.size() + 3 + 1000 < 65535 - 12) tlvs += tlv('\xe1', std::string(1000, 'x'));
  tlvs += tlv('\x04', std::string(65535 - 12 - 3 - tlvs.size(), 'n'));
  const std::string header = version_2('\x21', '\x11', kIpv4Addresses + tlvs);
  CHECK(header.size() == 16 + 65535);
  CHECK(play(header + "PING") == HeaderOutcome{kIpv4Client, header.size()});
  CHECK(play_bytewise(header + "PING") == HeaderOutcome{kIpv4Client, header.size()});
  CHECK(play(header.substr(0, header.size() - 1)).what == "more");
  // One byte more than there is.
  std::string longer =
      version_2('\x21', '\x11', kIpv4Addresses + tlv('\xe1', std::string(65520, 'x')));
  longer[16 + 12 + 2] = '\xf1';
  check_error(longer, "a TLV in it is longer than the header");
}

TEST_CASE("proxy header: a checksum is looked at where there is one") {
  CHECK(crc32c_of("123456789") == 0xe3069283);  // RFC 3720's polynomial
  check_every_cut(with_checksum("", ""), kIpv4Client);
  check_every_cut(with_checksum(tlv('\x01', "h2"), tlv('\x02', "example.org") + tlv('\x04', "")),
                  kIpv4Client);
  const std::string good = with_checksum(tlv('\xe0', "xyz"), tlv('\xe0', "xyz"));
  // The client's port, a TLV before it, the sum itself, a TLV behind it.
  for (const std::size_t at : {24u, 32u, 39u, 45u}) {
    CAPTURE(at);
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    check_error(bad, "its CRC-32C is wrong");
  }
}

TEST_CASE("proxy header: there is one checksum at most, of four bytes") {
  for (const std::string& tlvs : {tlv('\x03', "abc"), tlv('\x03', "abcde"), tlv('\x03', ""),
                                  tlv('\x03', "abcd") + tlv('\x03', "abcd")})
    check_error(version_2('\x21', '\x11', kIpv4Addresses + tlvs),
                "it has not one CRC-32C of four bytes");
}

TEST_CASE("proxy header: a bad one stays bad") {
  ProxyHeaderParser parser;
  CHECK(parser.feed("PING").status == Status::error);
  CHECK(parser.feed("PROXY UNKNOWN\r\n").status == Status::error);
}

}  // namespace
}  // namespace reactord
