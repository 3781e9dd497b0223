// SPDX-License-Identifier: MIT
#include "protocol/proxy/proxy_header.h"

#include <algorithm>

namespace reactord {

namespace {

using namespace std::string_view_literals;

constexpr std::string_view kLineBegin = "PROXY ";
constexpr std::string_view kSignature = "\r\n\r\n\0\r\nQUIT\n"sv;
constexpr std::string_view kNoHeader = "there is none";

// The 13th and 14th byte (2.2).
constexpr std::uint8_t kVersion2 = 2;
constexpr std::uint8_t kLocal = 0;
constexpr std::uint8_t kProxy = 1;
constexpr std::uint8_t kUnspecified = 0x00;
constexpr std::uint8_t kIpv4 = 1;
constexpr std::uint8_t kIpv6 = 2;
constexpr std::uint8_t kUnix = 3;
constexpr std::uint8_t kMostTransport = 2;  ///< 1 is a stream, 2 are datagrams

constexpr std::uint8_t kCrcType = 0x03;
constexpr std::size_t kCrcBytes = 4;

std::uint8_t byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint8_t>(bytes[at]);
}

/// As far as there is something to compare.
bool begins_alike(std::string_view bytes, std::string_view with) {
  const std::size_t known = std::min(bytes.size(), with.size());
  return bytes.substr(0, known) == with.substr(0, known);
}

/// Both ends' addresses and ports; both ends' paths.
std::size_t address_bytes_of(std::uint8_t family) {
  switch (family) {
    case kIpv4:
      return 12;
    case kIpv6:
      return 36;
    case kUnix:
      return 216;
  }
  return 0;
}

}  // namespace

ProxyHeaderParser::Result ProxyHeaderParser::feed(std::string_view bytes) {
  if (!error_.empty()) return {Status::error, 0};
  if (has_fixed_) return take_rest(bytes, 0);
  if (bytes.empty()) return {};
  return bytes.front() == kLineBegin.front() ? take_line(bytes) : take_fixed(bytes);
}

ProxyHeaderParser::Result ProxyHeaderParser::fail(std::string_view error) {
  error_ = error;
  return {Status::error, 0};
}

// --- version 1

ProxyHeaderParser::Result ProxyHeaderParser::take_line(std::string_view bytes) {
  const std::string_view line = bytes.substr(0, kMaxLineBytes);
  if (!begins_alike(line, kLineBegin)) return fail(kNoHeader);
  const std::size_t end = line.find('\n');
  if (end == std::string_view::npos)
    return line.size() == kMaxLineBytes ? fail("its line is longer than 107 bytes") : Result{};
  if (line[end - 1] != '\r') return fail("its line does not end with CRLF");
  const std::string_view problem = read_proxy_line(line.substr(0, end - 1), client_);
  return problem.empty() ? Result{Status::done, end + 1} : fail(problem);
}

// --- version 2

ProxyHeaderParser::Result ProxyHeaderParser::take_fixed(std::string_view bytes) {
  if (!begins_alike(bytes, kSignature)) return fail(kNoHeader);
  if (bytes.size() < kFixedBytes) return {};
  const std::uint8_t version = byte_at(bytes, 12) >> 4;
  const std::uint8_t command = byte_at(bytes, 12) & 0x0f;
  if (version != kVersion2) return fail("its version is neither 1 nor 2");
  if (command != kLocal && command != kProxy) return fail("its command is neither LOCAL nor PROXY");
  left_ = static_cast<std::size_t>(byte_at(bytes, 14) << 8 | byte_at(bytes, 15));
  is_local_ = command == kLocal;
  is_opaque_ = is_local_;
  if (!is_local_)
    if (const std::string_view problem = read_family(byte_at(bytes, 13)); !problem.empty())
      return fail(problem);
  for (const char c : bytes.substr(0, kFixedBytes)) crc_.add(static_cast<std::uint8_t>(c));
  has_fixed_ = true;
  return take_rest(bytes, kFixedBytes);
}

/// How long an address of a family that is not specified is nobody knows, and so not where TLVs
/// begin.
std::string_view ProxyHeaderParser::read_family(std::uint8_t family) {
  is_opaque_ = family == kUnspecified;
  if (is_opaque_) return {};
  family_ = family >> 4;
  const std::uint8_t transport = family & 0x0f;
  address_bytes_ = address_bytes_of(family_);
  if (address_bytes_ == 0 || transport == 0 || transport > kMostTransport)
    return "its family or transport is unknown";
  if (left_ < address_bytes_) return "it is too short for its addresses";
  return {};
}

/// `taken` of the bytes are done with.
ProxyHeaderParser::Result ProxyHeaderParser::take_rest(std::string_view bytes, std::size_t taken) {
  const std::string_view piece = bytes.substr(taken, left_);
  left_ -= piece.size();
  taken += piece.size();
  if (!is_opaque_)
    for (const char c : piece) take_byte(static_cast<std::uint8_t>(c));
  if (!error_.empty()) return {Status::error, 0};
  if (left_ > 0) return {Status::need_more, taken};
  if (const std::string_view problem = end_problem(); !problem.empty()) return fail(problem);
  read_address();
  return {Status::done, taken};
}

void ProxyHeaderParser::take_byte(std::uint8_t byte) {
  if (address_at_ == address_bytes_) return take_tlv_byte(byte);
  if (address_at_ < address_.size()) address_[address_at_] = byte;
  ++address_at_;
  crc_.add(byte);
}

/// The checksum is that of the header with zeros in its own place (2.2.3).
void ProxyHeaderParser::take_tlv_byte(std::uint8_t byte) {
  const bool is_checksum = tlv_ == Tlv::value && tlv_type_ == kCrcType;
  crc_.add(is_checksum ? 0 : byte);
  switch (tlv_) {
    case Tlv::type:
      tlv_type_ = byte;
      tlv_ = Tlv::length_high;
      return;
    case Tlv::length_high:
      tlv_left_ = static_cast<std::size_t>(byte) << 8;
      tlv_ = Tlv::length_low;
      return;
    case Tlv::length_low:
      tlv_left_ |= byte;
      return begin_tlv_value();
    case Tlv::value:
      if (is_checksum) announced_crc_ = announced_crc_ << 8 | byte;
      if (--tlv_left_ == 0) tlv_ = Tlv::type;
      return;
  }
}

void ProxyHeaderParser::begin_tlv_value() {
  tlv_ = tlv_left_ == 0 ? Tlv::type : Tlv::value;
  if (tlv_type_ != kCrcType) return;
  if (has_crc_ || tlv_left_ != kCrcBytes) error_ = "it has not one CRC-32C of four bytes";
  has_crc_ = true;
}

std::string_view ProxyHeaderParser::end_problem() const {
  if (tlv_ != Tlv::type) return "a TLV in it is longer than the header";
  if (has_crc_ && announced_crc_ != crc_.value()) return "its CRC-32C is wrong";
  return {};
}

/// Of the client: its address comes first, then ours, then its port.
void ProxyHeaderParser::read_address() {
  if (is_opaque_ || family_ == kUnix) return;
  ProxiedClient client;
  const bool is_ipv4 = family_ == kIpv4;
  const std::size_t ip_bytes = is_ipv4 ? 4 : 16;
  if (is_ipv4) client.mapped_ip[10] = client.mapped_ip[11] = 0xff;
  std::copy_n(address_.begin(), ip_bytes, client.mapped_ip.end() - static_cast<long>(ip_bytes));
  const std::size_t port_at = 2 * ip_bytes;
  client.port = static_cast<std::uint16_t>(address_[port_at] << 8 | address_[port_at + 1]);
  client_ = client;
}

}  // namespace reactord
