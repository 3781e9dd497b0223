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

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
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

/// The least and most a value may be: bytes for sizes, milliseconds for durations, bytes of a text,
/// items of a list.
struct ValueRange {
  std::int64_t least = std::numeric_limits<std::int64_t>::min();
  std::int64_t most = std::numeric_limits<std::int64_t>::max();
  std::string_view why =
      {};  ///< ends the message about a value outside: "the kernel takes no more"
};

struct KeySpec {
  std::string_view name;
  /// What it does, and why the default is what it is: for a key that config/reactord.toml, which
  /// has that above each of its keys, does not have.
  std::string_view help;
  Apply apply = Apply::restart;
  ValueRange range;
  std::string_view type;  ///< for people: "size", "duration", "integer", "text", "one of ..."
  /// Checks `value` and stores it in the settings struct; returns the problem, or "" when it was
  /// stored.
  std::string (*set)(void* settings, const ConfigValue& value, const ValueRange& range) = nullptr;
  /// The value in the form the file would have it: 65536 bytes as "64KiB".
  ConfigValue (*get)(const void* settings) = nullptr;
};

/// The declared key of that name, or null.
[[nodiscard]] const KeySpec* find_key(std::span<const KeySpec> keys, std::string_view name);

[[nodiscard]] constexpr ValueRange duration_range(std::chrono::milliseconds least,
                                                  std::chrono::milliseconds most,
                                                  std::string_view why = {}) {
  return {least.count(), most.count(), why};
}

[[nodiscard]] constexpr ValueRange size_range(ByteCount least, ByteCount most,
                                              std::string_view why = {}) {
  return {static_cast<std::int64_t>(least.bytes), static_cast<std::int64_t>(most.bytes), why};
}

/// What a value is, for messages: "the text 'abc'", "the integer 5", "a list". Escaped and
/// shortened.
[[nodiscard]] std::string describe(const ConfigValue& value);

/// The form people read: without quotes, list items separated by a blank.
[[nodiscard]] std::string plain_text(const ConfigValue& value);

/// How a type of setting is read and shown. Specialise it for a setting's own type (an address):
///   static constexpr std::string_view kName;
///   static constexpr std::string_view kListName;  // only where a list of them is a setting too
///   static std::string parse(const ConfigValue&, const ValueRange&, T& out);
///   static ConfigValue show(const T&);
/// parse() returns the problem, or "" after filling `out`.
/// An enum needs no more than its EnumWords, below.
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
/// "64KiB", "16 MiB", "1GiB", "512B", or an integer of bytes. Units are powers of 1024, in any
/// case; "KB" and "64K" mean two things to two people and are errors.
template <>
struct ValueTraits<ByteCount> {
  static constexpr std::string_view kName = "size";
  static std::string parse(const ConfigValue& value, const ValueRange& range, ByteCount& out);
  static ConfigValue show(const ByteCount& value);
};
/// "10s", "500ms", "1h", "1m30s" (units d, h, m, s, ms, largest first); "off" or 0 where the range
/// includes 0. A bare number other than 0 is an error, because nobody could tell its unit.
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
  static constexpr std::string_view kListName = "text or a list of texts";
  static std::string parse(const ConfigValue& value, const ValueRange& range, std::string& out);
  static ConfigValue show(const std::string& value);
};

/// A list of anything that one text can say; a single text stands for a list of one. The range
/// counts the items.
template <class T>
struct ValueTraits<std::vector<T>> {
  static constexpr std::string_view kName = ValueTraits<T>::kListName;
  static std::string parse(const ConfigValue& value, const ValueRange& range, std::vector<T>& out);
  static ConfigValue show(const std::vector<T>& value);
};

/// Gives an enum its words; with that it is a type of setting:
///   template <> struct EnumWords<Mode> {
///     static constexpr std::array kWords{EnumWord<Mode>{"fast", Mode::fast}, ...};
///   };
template <class T>
struct EnumWords;
template <class T>
struct EnumWord {
  std::string_view word;
  T value;
};

namespace detail {

/// "one of refuse, wait", joined at compile time from the words.
template <class T>
struct JoinedWords {
  static constexpr std::string_view kPrefix = "one of ";
  static constexpr std::size_t length() {
    std::size_t bytes = kPrefix.size();
    for (const auto& entry : EnumWords<T>::kWords) bytes += entry.word.size() + 2;
    return bytes - 2;
  }
  static constexpr auto join() {
    std::array<char, length()> text{};
    std::size_t at = 0;
    const auto append = [&](std::string_view part) {
      for (const char c : part) text[at++] = c;
    };
    append(kPrefix);
    for (const auto& entry : EnumWords<T>::kWords) {
      if (at > kPrefix.size()) append(", ");
      append(entry.word);
    }
    return text;
  }
  static constexpr auto kText = join();
};

/// Finds the word that `value` says; returns the problem, with a suggestion, or "".
std::string parse_word(const ConfigValue& value, std::span<const std::string_view> words,
                       std::size_t& index);
/// One text as a list of one, or the list; null when `value` is neither.
const std::vector<std::string>* items_of(const ConfigValue& value,
                                         std::vector<std::string>& buffer);
std::string not_a_list(const ConfigValue& value, std::string_view list_name);
std::string check_item_count(std::size_t count, const ValueRange& range);

template <class>
struct MemberOf;
template <class Settings, class T>
struct MemberOf<T Settings::*> {
  using Class = Settings;
  using Type = T;
};
}  // namespace detail

template <class T>
struct ValueTraits<T, std::enable_if_t<std::is_enum_v<T>>> {
  static constexpr std::string_view kName{detail::JoinedWords<T>::kText.data(),
                                          detail::JoinedWords<T>::kText.size()};
  static std::string parse(const ConfigValue& value, const ValueRange&, T& out) {
    std::array<std::string_view, EnumWords<T>::kWords.size()> words;
    for (std::size_t i = 0; i < words.size(); ++i) words[i] = EnumWords<T>::kWords[i].word;
    std::size_t index = 0;
    std::string problem = detail::parse_word(value, words, index);
    if (problem.empty()) out = EnumWords<T>::kWords[index].value;
    return problem;
  }
  static ConfigValue show(const T& value) {
    for (const auto& entry : EnumWords<T>::kWords) {
      if (entry.value == value) return std::string(entry.word);
    }
    return std::string();
  }
};

template <class T>
std::string ValueTraits<std::vector<T>>::parse(const ConfigValue& value, const ValueRange& range,
                                               std::vector<T>& out) {
  std::vector<std::string> buffer;
  const std::vector<std::string>* items = detail::items_of(value, buffer);
  if (items == nullptr) return detail::not_a_list(value, kName);
  if (std::string problem = detail::check_item_count(items->size(), range); !problem.empty()) {
    return problem;
  }
  std::vector<T> parsed(items->size());
  for (std::size_t i = 0; i < items->size(); ++i) {
    std::string problem = ValueTraits<T>::parse((*items)[i], {}, parsed[i]);
    if (!problem.empty()) return problem;
  }
  out = std::move(parsed);
  return {};
}

template <class T>
ConfigValue ValueTraits<std::vector<T>>::show(const std::vector<T>& value) {
  std::vector<std::string> items;
  items.reserve(value.size());
  for (const T& item : value) items.push_back(plain_text(ValueTraits<T>::show(item)));
  return items;
}

/// What a member of a settings struct can be.
template <class T>
inline constexpr bool kIsSetting = requires {
  sizeof(ValueTraits<T>);
};
template <class T>
requires std::is_enum_v<T>
inline constexpr bool kIsSetting<T> = requires {
  EnumWords<T>::kWords;
};
template <class T>
inline constexpr bool kIsSetting<std::vector<T>> = requires {
  ValueTraits<T>::kListName;
};

/// Declares the key that fills `Member`.
template <auto Member>
[[nodiscard]] constexpr KeySpec key(std::string_view name, std::string_view help, Apply apply,
                                    ValueRange range = {}) {
  using Settings = typename detail::MemberOf<decltype(Member)>::Class;
  using T = typename detail::MemberOf<decltype(Member)>::Type;
  static_assert(kIsSetting<T>,
                "a setting is a std::int64_t (no other integer), std::string, bool, ByteCount, "
                "std::chrono::milliseconds, an enum with EnumWords, or a std::vector of texts");
  KeySpec spec{name, help, apply, range, {}, nullptr, nullptr};
  if constexpr (kIsSetting<T>) {  // or the compiler would say more than that
    spec.type = ValueTraits<T>::kName;
    spec.set = [](void* settings, const ConfigValue& value, const ValueRange& limits) {
      return ValueTraits<T>::parse(value, limits, static_cast<Settings*>(settings)->*Member);
    };
    spec.get = [](const void* settings) {
      return ValueTraits<T>::show(static_cast<const Settings*>(settings)->*Member);
    };
  }
  return spec;
}

/// The same for a key that config/reactord.toml explains.
template <auto Member>
[[nodiscard]] constexpr KeySpec key(std::string_view name, Apply apply, ValueRange range = {}) {
  return key<Member>(name, {}, apply, range);
}

/// Of a handler that is configured by any number of [[NAME]] tables instead of one [handlers.NAME]:
/// its settings are a list, and the keys fill an element of it. A null `append`: not repeated.
struct RepeatedTable {
  /// Each has work of its own, and a program that writes configurations may run wild.
  static constexpr std::size_t kMaxTables = 64;

  void* (*append)(void* list) = nullptr;  ///< one element more, with the defaults in it
  std::size_t (*size)(const void* list) = nullptr;
  const void* (*at)(const void* list, std::size_t index) = nullptr;
  /// What is wrong with an element though each of its keys is good, or "".
  std::string (*check)(const void* element) = nullptr;
};

/// A handler's `[handlers.NAME]` table. `make` gives its settings struct with the defaults in it.
struct HandlerTableSpec {
  std::string_view name;
  std::span<const KeySpec> keys;
  std::shared_ptr<void> (*make)() = nullptr;
  /// Whether `listener.handler` may name it.
  bool may_own_listener = true;
  RepeatedTable repeated = {};
  [[nodiscard]] constexpr bool is_repeated() const { return repeated.append != nullptr; }
};

/// A setting in force: its path ("limits.max_frame", "listener.NAME.framing",
/// "handlers.text.reply") and its value as the file would have it, without quotes; list items are
/// separated by a blank.
struct Setting {
  std::string path;
  std::string value;
};

}  // namespace reactord
