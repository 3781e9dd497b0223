// SPDX-License-Identifier: MIT
// A text that nobody is to find: in pages of its own, which no core dump has (madvise(2)), and
// which are overwritten before they are given back. For passwords and their hashes.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace reactord {

/// Overwrites it; no compiler leaves that out.
void wipe(void* bytes, std::size_t count) noexcept;
inline void wipe(std::string& text) noexcept {
  wipe(text.data(), text.size());
}

/// Whether both are the same, in a time that does not tell where they differ.
[[nodiscard]] bool is_same_secret(std::string_view a, std::string_view b) noexcept;

class SecretText {
 public:
  SecretText() = default;
  /// Throws std::bad_alloc.
  explicit SecretText(std::string_view text);
  /// Zeros, to be written to. Throws std::bad_alloc.
  explicit SecretText(std::size_t bytes);
  SecretText(SecretText&& other) noexcept;
  SecretText& operator=(SecretText&& other) noexcept;
  ~SecretText();

  [[nodiscard]] std::string_view view() const { return {bytes_, size_}; }
  [[nodiscard]] std::span<char> bytes() { return {bytes_, size_}; }
  /// A zero stands behind the text.
  [[nodiscard]] const char* c_str() const { return bytes_ == nullptr ? "" : bytes_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

 private:
  char* bytes_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace reactord
