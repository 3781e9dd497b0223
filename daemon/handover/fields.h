// SPDX-License-Identifier: MIT
// Records of numbered fields, which both an older and a newer program read: whoever does not know a
// field passes over it, and who misses one has its default. The bytes are those of Protocol Buffers
// (https://protobuf.dev/programming-guides/encoding/): varints and lengths, so that `protoc
// --decode_raw` shows a record. Knows no connection.
//
// A record is described once, for both directions, by a function that calls fields(number, member).
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace reactord {

/// Enumerations and whole numbers.
template <class T>
concept FieldNumber = std::is_enum_v<T> || std::is_integral_v<T>;

class FieldWriter {
 public:
  explicit FieldWriter(std::string& out) : out_(out) {}

  void operator()(std::uint32_t number, const std::string& text);
  template <FieldNumber T>
  void operator()(std::uint32_t number, const T& value, T /*most*/ = {}) {
    put_number(number, static_cast<std::uint64_t>(value));
  }
  /// No span of time is negative.
  template <class Rep, class Period>
  void operator()(std::uint32_t number, const std::chrono::duration<Rep, Period>& span) {
    put_number(number, static_cast<std::uint64_t>(span.count()));
  }

 private:
  void put_number(std::uint32_t number, std::uint64_t value);
  void put_varint(std::uint64_t value);

  std::string& out_;
};

class FieldReader {
 public:
  /// What is handed out views `record`.
  explicit FieldReader(std::string_view record);

  /// False once something was no record, or no value that its field can have.
  [[nodiscard]] bool is_good() const { return is_good_; }

  void operator()(std::uint32_t number, std::string& text);
  /// At most `most`: of an enumeration its last, of a number what its type holds.
  template <FieldNumber T>
  void operator()(std::uint32_t number, T& value, T most = most_of<T>()) {
    take(number, static_cast<std::uint64_t>(most),
         [&](std::uint64_t found) { value = static_cast<T>(found); });
  }
  template <class Rep, class Period>
  void operator()(std::uint32_t number, std::chrono::duration<Rep, Period>& span) {
    take(number, kMaxSpan, [&](std::uint64_t found) {
      span = std::chrono::duration<Rep, Period>(static_cast<Rep>(found));
    });
  }

 private:
  /// A century in milliseconds: sums of it and of a clock do not overflow.
  static constexpr std::uint64_t kMaxSpan = std::uint64_t{100} * 366 * 24 * 3600 * 1000;

  template <class T>
  [[nodiscard]] static constexpr T most_of() {
    static_assert(!std::is_enum_v<T>, "say which is its last");
    return std::numeric_limits<T>::max();
  }
  struct Field {
    std::uint32_t number = 0;
    bool is_text = false;
    std::uint64_t value = 0;
    std::string_view text{};
  };
  [[nodiscard]] bool take_varint(std::uint64_t& value);
  [[nodiscard]] bool take_field();
  [[nodiscard]] const Field* find(std::uint32_t number, bool is_text);
  template <class Set>
  void take(std::uint32_t number, std::uint64_t most, Set&& set) {
    const Field* const field = find(number, false);
    if (field == nullptr) return;
    if (field->value > most)
      is_good_ = false;
    else
      set(field->value);
  }

  std::string_view rest_;
  std::vector<Field> fields_;
  bool is_good_ = true;
};

}  // namespace reactord
