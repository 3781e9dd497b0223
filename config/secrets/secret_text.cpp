// SPDX-License-Identifier: MIT
#include "config/secrets/secret_text.h"

#include <string.h>
#include <sys/mman.h>

#include <algorithm>
#include <new>
#include <utility>

namespace reactord {

namespace {

/// What mmap(2) was asked for: the text and a zero behind it.
std::size_t mapped_bytes(std::size_t text_bytes) {
  return text_bytes + 1;
}

}  // namespace

void wipe(void* bytes, std::size_t count) noexcept {
  if (count > 0) ::explicit_bzero(bytes, count);
}

bool is_same_secret(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  unsigned char difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    difference = static_cast<unsigned char>(difference | (a[i] ^ b[i]));
  return difference == 0;
}

SecretText::SecretText(std::size_t bytes) : size_(bytes) {
  void* const pages = ::mmap(nullptr, mapped_bytes(bytes), PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) throw std::bad_alloc();
  (void)::madvise(pages, mapped_bytes(bytes), MADV_DONTDUMP);  // a kernel without it dumps more
  bytes_ = static_cast<char*>(pages);
}

SecretText::SecretText(std::string_view text) : SecretText(text.size()) {
  std::ranges::copy(text, bytes_);
}

SecretText::SecretText(SecretText&& other) noexcept
    : bytes_(std::exchange(other.bytes_, nullptr)), size_(std::exchange(other.size_, 0)) {}

SecretText& SecretText::operator=(SecretText&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  std::swap(size_, other.size_);
  return *this;
}

SecretText::~SecretText() {
  if (bytes_ == nullptr) return;
  wipe(bytes_, size_);
  ::munmap(bytes_, mapped_bytes(size_));
}

}  // namespace reactord
