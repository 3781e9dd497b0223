// SPDX-License-Identifier: MIT
// What happened, in order: every system call with its result, and every byte that a client got. Its
// hash is what two runs of a seed are compared by; the text is kept only where somebody wants to
// read it.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string_view>

#include "tests/simulation/kernel/timeline.h"

namespace simulation {

class Trace {
 public:
  /// `text` may be null.
  explicit Trace(std::FILE* text) : text_(text) {}

  void call(Moment now, std::string_view name, std::int64_t about, std::int64_t result) {
    add(name);
    add(static_cast<std::uint64_t>(now.count()));
    add(static_cast<std::uint64_t>(about));
    add(static_cast<std::uint64_t>(result));
    if (text_ != nullptr) show(now, name, about, result);
  }
  void bytes(Moment now, std::string_view who, std::string_view bytes) {
    add(who);
    add(static_cast<std::uint64_t>(now.count()));
    add(bytes);
    if (text_ != nullptr) show(now, who, bytes);
  }
  [[nodiscard]] std::uint64_t hash() const { return hash_; }
  [[nodiscard]] bool has_text() const { return text_ != nullptr; }

 private:
  /// FNV-1a.
  void add(std::string_view bytes) {
    for (const char c : bytes) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  void add(std::uint64_t number) { hash_ = (hash_ ^ number) * 0x100000001b3; }
  void show(Moment now, std::string_view name, std::int64_t about, std::int64_t result);
  void show(Moment now, std::string_view who, std::string_view bytes);

  std::uint64_t hash_ = 0xcbf29ce484222325;
  std::FILE* text_;
};

}  // namespace simulation
