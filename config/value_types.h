// SPDX-License-Identifier: MIT
// How the settings' own types (config.h) are read from a file and shown: addresses, address blocks,
// command classes, modes, and the words of each enum. Knows no key.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "config/config.h"

namespace reactord {

template <>
struct EnumWords<Survive> {
  static constexpr std::array kWords{EnumWord<Survive>{"no", Survive::no},
                                     EnumWord<Survive>{"restart", Survive::restart},
                                     EnumWord<Survive>{"crash", Survive::crash}};
};

template <>
struct EnumWords<WhenFull> {
  static constexpr std::array kWords{EnumWord<WhenFull>{"refuse", WhenFull::refuse},
                                     EnumWord<WhenFull>{"wait", WhenFull::wait}};
};

template <>
struct EnumWords<ListenerRole> {
  static constexpr std::array kWords{EnumWord<ListenerRole>{"public", ListenerRole::open},
                                     EnumWord<ListenerRole>{"admin", ListenerRole::admin},
                                     EnumWord<ListenerRole>{"http", ListenerRole::http}};
};

template <>
struct EnumWords<Requirement> {
  static constexpr std::array kWords{
      EnumWord<Requirement>{"nothing", Requirement::nothing},
      EnumWord<Requirement>{"user", Requirement::user},
      EnumWord<Requirement>{"certificate", Requirement::certificate}};
};

template <>
struct EnumWords<ListenerFraming> {
  static constexpr std::array kWords{EnumWord<ListenerFraming>{"command", ListenerFraming::command},
                                     EnumWord<ListenerFraming>{"line", ListenerFraming::line},
                                     EnumWord<ListenerFraming>{"raw", ListenerFraming::raw}};
};

template <>
struct EnumWords<InlineReplies> {
  static constexpr std::array kWords{EnumWord<InlineReplies>{"plain", InlineReplies::plain},
                                     EnumWord<InlineReplies>{"resp", InlineReplies::resp}};
};

template <>
struct EnumWords<LimitPer> {
  static constexpr std::array kWords{EnumWord<LimitPer>{"address", LimitPer::address},
                                     EnumWord<LimitPer>{"user", LimitPer::user}};
};

template <>
struct EnumWords<LimitAction> {
  static constexpr std::array kWords{EnumWord<LimitAction>{"refuse", LimitAction::refuse},
                                     EnumWord<LimitAction>{"slow", LimitAction::slow},
                                     EnumWord<LimitAction>{"close", LimitAction::close}};
};

/// "100/s", "30/m", "1000/h" or "off"; of bytes "1MiB/s".
template <>
struct ValueTraits<Rate> {
  static constexpr std::string_view kName = "rate";
  static std::string parse(const ConfigValue& value, const ValueRange& range, Rate& out);
  static ConfigValue show(const Rate& value);
};
template <>
struct ValueTraits<ByteRate> {
  static constexpr std::string_view kName = "rate of bytes";
  static std::string parse(const ConfigValue& value, const ValueRange& range, ByteRate& out);
  static ConfigValue show(const ByteRate& value);
};

template <>
struct EnumWords<ClientAuth> {
  static constexpr std::array kWords{EnumWord<ClientAuth>{"no", ClientAuth::no},
                                     EnumWord<ClientAuth>{"optional", ClientAuth::optional},
                                     EnumWord<ClientAuth>{"required", ClientAuth::required}};
};

template <>
struct EnumWords<TlsVersion> {
  static constexpr std::array kWords{EnumWord<TlsVersion>{"1.2", TlsVersion::tls1_2},
                                     EnumWord<TlsVersion>{"1.3", TlsVersion::tls1_3}};
};

template <>
struct EnumWords<LogLevel> {
  static constexpr std::array kWords{EnumWord<LogLevel>{"trace", LogLevel::trace},
                                     EnumWord<LogLevel>{"debug", LogLevel::debug},
                                     EnumWord<LogLevel>{"info", LogLevel::info},
                                     EnumWord<LogLevel>{"warning", LogLevel::warning},
                                     EnumWord<LogLevel>{"error", LogLevel::error},
                                     EnumWord<LogLevel>{"off", LogLevel::off}};
};

template <>
struct EnumWords<LogFormat> {
  static constexpr std::array kWords{EnumWord<LogFormat>{"text", LogFormat::text},
                                     EnumWord<LogFormat>{"json", LogFormat::json},
                                     EnumWord<LogFormat>{"logfmt", LogFormat::logfmt}};
};

template <>
struct ValueTraits<Endpoint> {
  static constexpr std::string_view kName = "address";
  static constexpr std::string_view kListName = "an address or a list of addresses";
  static std::string parse(const ConfigValue& value, const ValueRange& range, Endpoint& out);
  static ConfigValue show(const Endpoint& value);
};

template <>
struct ValueTraits<IpNetwork> {
  static constexpr std::string_view kName = "address block";
  static constexpr std::string_view kListName = "an address block or a list of them";
  static std::string parse(const ConfigValue& value, const ValueRange& range, IpNetwork& out);
  static ConfigValue show(const IpNetwork& value);
};

template <>
struct ValueTraits<PeerBlock> {
  static constexpr std::string_view kName = "address block or \"unix\"";
  static constexpr std::string_view kListName = "an address block, \"unix\", or a list of them";
  static std::string parse(const ConfigValue& value, const ValueRange& range, PeerBlock& out);
  static ConfigValue show(const PeerBlock& value);
};

/// Octal digits in quotes: a bare 0660 is no TOML, and a bare 660 is decimal.
template <>
struct ValueTraits<FileMode> {
  static constexpr std::string_view kName = "file mode";
  static std::string parse(const ConfigValue& value, const ValueRange& range, FileMode& out);
  static ConfigValue show(const FileMode& value);
};

/// "by_address", "all", or a list of "public", "introspection" and "admin".
template <>
struct ValueTraits<AllowedCommands> {
  static constexpr std::string_view kName =
      "\"by_address\", \"all\" or a list of public, introspection, admin";
  static std::string parse(const ConfigValue& value, const ValueRange& range, AllowedCommands& out);
  static ConfigValue show(const AllowedCommands& value);
};

}  // namespace reactord
