// SPDX-License-Identifier: MIT
// How a configuration key is declared: once, beside the plain struct that holds its value. From the
// declaration come the loader's checks and suggestions, --print-config, CONFIG GET, the list of
// changes on reload and the manual. Knows no TOML and no particular table; handlers declare their
// own with it.
//
//   struct GreetSettings {
//     std::string greeting = "hello";
//     std::chrono::milliseconds pause{0};
//   };
//   inline constexpr KeySpec kGreetKeys[] = {
//       key<&GreetSettings::greeting>("greeting", "What is said first.", Apply::reload),
//       key<&GreetSettings::pause>("pause", "How long to wait before it.", Apply::reload,
//                                  duration_range(0s, 60s)),
//   };
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

namespace reactord {

/// Whether a reload (SIGHUP) applies a changed key, or only a restart does.
enum class Apply : std::uint8_t { reload, restart };

/// A number of bytes, written "64KiB" in a file.
struct ByteCount {
  std::uint64_t bytes = 0;
  auto operator<=>(const ByteCount&) const = default;
};

/// What a file can hold at a key, and what a key is shown as.
using ConfigValue = std::variant<bool, std::int64_t, std::string, std::vector<std::string>>;

/// The least and most a number may be: bytes for sizes, milliseconds for durations.
struct ValueRange {
  std::int64_t least = std::numeric_limits<std::int64_t>::min();
  std::int64_t most = std::numeric_limits<std::int64_t>::max();
};

struct KeySpec {
  std::string_view name;
  std::string_view help;  ///< one sentence or two: what it does and why the default is what it is
  Apply apply = Apply::restart;
  ValueRange range;
  std::string_view type;  ///< for people: "size", "duration", "integer", "text", "one of ..."
  /// Checks `value` and stores it in the settings struct; returns the problem, or "" when it was
  /// stored.
  std::string (*set)(void* settings, const ConfigValue& value, const ValueRange& range) = nullptr;
  /// The value in the form the file would have it: 65536 bytes as "64KiB".
  ConfigValue (*get)(const void* settings) = nullptr;
};

[[nodiscard]] constexpr ValueRange duration_range(std::chrono::milliseconds least,
                                                  std::chrono::milliseconds most) {
  return {least.count(), most.count()};
}

/// How a type of setting is read and shown. Specialise it for a setting's own type (an enum, an
/// address):
///   static constexpr std::string_view kName;
///   static std::string parse(const ConfigValue&, const ValueRange&, T& out);   // "" or the
///   problem static ConfigValue show(const T&);
template <class T, class = void>
struct ValueTraits;

template <>
struct ValueTraits<bool> {
  static constexpr std::string_view kName = "true or false";
  static std::string parse(const ConfigValue& value, const ValueRange& range, bool& out);
  static ConfigValue show(const bool& value);
};
template <>
struct ValueTraits<std::int64_t> {
  static constexpr std::string_view kName = "integer";
  static std::string parse(const ConfigValue& value, const ValueRange& range, std::int64_t& out);
  static ConfigValue show(const std::int64_t& value);
};
template <>
struct ValueTraits<ByteCount> {
  static constexpr std::string_view kName = "size";
  static std::string parse(const ConfigValue& value, const ValueRange& range, ByteCount& out);
  static ConfigValue show(const ByteCount& value);
};
template <>
struct ValueTraits<std::chrono::milliseconds> {
  static constexpr std::string_view kName = "duration";
  static std::string parse(const ConfigValue& value, const ValueRange& range,
                           std::chrono::milliseconds& out);
  static ConfigValue show(const std::chrono::milliseconds& value);
};
template <>
struct ValueTraits<std::string> {
  static constexpr std::string_view kName = "text";
  static std::string parse(const ConfigValue& value, const ValueRange& range, std::string& out);
  static ConfigValue show(const std::string& value);
};

namespace detail {
template <class>
struct MemberOf;
template <class Settings, class T>
struct MemberOf<T Settings::*> {
  using Class = Settings;
  using Type = T;
};
}  // namespace detail

/// Declares the key that fills `Member`.
template <auto Member>
[[nodiscard]] constexpr KeySpec key(std::string_view name, std::string_view help, Apply apply,
                                    ValueRange range = {}) {
  using Settings = typename detail::MemberOf<decltype(Member)>::Class;
  using T = typename detail::MemberOf<decltype(Member)>::Type;
  KeySpec spec{name, help, apply, range, ValueTraits<T>::kName, nullptr, nullptr};
  spec.set = [](void* settings, const ConfigValue& value, const ValueRange& limits) {
    return ValueTraits<T>::parse(value, limits, static_cast<Settings*>(settings)->*Member);
  };
  spec.get = [](const void* settings) {
    return ValueTraits<T>::show(static_cast<const Settings*>(settings)->*Member);
  };
  return spec;
}

/// A handler's `[handlers.NAME]` table. `make` gives its settings struct with the defaults in it.
struct HandlerTableSpec {
  std::string_view name;
  std::span<const KeySpec> keys;
  std::shared_ptr<void> (*make)() = nullptr;
};

/// A setting in force: its path ("limits.max_frame", "listener.NAME.framing",
/// "handlers.text.reply") and its value as the file would have it, without quotes; list items are
/// separated by a blank.
struct Setting {
  std::string path;
  std::string value;
};

}  // namespace reactord
