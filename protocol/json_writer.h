// SPDX-License-Identifier: MIT
// Writes JSON (RFC 8259) value by value. Any bytes make valid JSON: what is not printable UTF-8 is
// shown as escaped() does. Knows nothing of what is told; begin and end have to match.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace reactord {

/// Appends `printable`, which has no control characters, in quotes.
void append_json_quoted(std::string& out, std::string_view printable);

class JsonWriter {
 public:
  JsonWriter& begin_object() { return begin('{'); }
  JsonWriter& end_object() { return end('}'); }
  JsonWriter& begin_array() { return begin('['); }
  JsonWriter& end_array() { return end(']'); }
  /// Of the value that follows. `name` is letters, digits and '_'.
  JsonWriter& key(std::string_view name);

  /// At most `max_bytes` of it; what was cut is shown as "...".
  JsonWriter& text(std::string_view bytes, std::size_t max_bytes = 256);
  JsonWriter& value(bool is_true) { return raw(is_true ? "true" : "false"); }
  JsonWriter& value(std::unsigned_integral auto number) { return whole(std::uint64_t{number}); }
  JsonWriter& value(std::signed_integral auto number) { return whole(std::int64_t{number}); }
  /// With six digits; null where it is no finite number, which JSON has none of.
  JsonWriter& value(double number);
  JsonWriter& null() { return raw("null"); }
  /// What is JSON already.
  JsonWriter& raw(std::string_view json);

  /// A key and its value.
  JsonWriter& field(std::string_view name, auto number) { return key(name).value(number); }
  JsonWriter& text_field(std::string_view name, std::string_view bytes,
                         std::size_t max_bytes = 256) {
    return key(name).text(bytes, max_bytes);
  }

  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  JsonWriter& begin(char bracket);
  JsonWriter& end(char bracket);
  JsonWriter& whole(std::uint64_t number);
  JsonWriter& whole(std::int64_t number);
  void separate();

  std::string text_;
  bool needs_comma_ = false;
};

}  // namespace reactord
