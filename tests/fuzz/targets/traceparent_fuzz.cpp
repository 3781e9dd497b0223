// SPDX-License-Identifier: MIT
// Whatever a client calls its trace: what is let pass is of the one form, and changing it where it
// must not be changed is noticed.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "protocol/traceparent.h"

namespace {

void expect(bool is_so) {
  if (!is_so) std::abort();
}

/// Digits and dashes in their places, from any bytes.
std::string made_of(std::string_view bytes) {
  std::string text = "00-";
  for (std::size_t at = 3; at < reactord::kTraceparentBytes; ++at) {
    const auto byte = static_cast<unsigned char>(bytes[at % bytes.size()]);
    text += at == 35 || at == 52 ? '-' : "0123456789abcdef"[byte % 16];
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (reactord::is_traceparent(text))
    expect(text.find_first_not_of("0123456789abcdef-") == std::string_view::npos);
  if (text.empty()) return 0;
  std::string made = made_of(text);
  const bool has_ids = made.substr(3, 32).find_first_not_of('0') != std::string::npos &&
                       made.substr(36, 16).find_first_not_of('0') != std::string::npos;
  expect(reactord::is_traceparent(made) == has_ids);
  made[static_cast<unsigned char>(text.front()) % made.size()] = 'X';
  expect(!reactord::is_traceparent(made));
  return 0;
}
