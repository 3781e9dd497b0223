// SPDX-License-Identifier: MIT
#include "config/secrets/password_hash.h"

#include <crypt.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>

#include "config/secrets/sha256.h"

namespace reactord {

namespace {

constexpr std::string_view kTokenPrefix = "sha256:";
constexpr std::string_view kSlowPrefix = "$y$";
constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kCryptDigits =
    "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Of a yescrypt hash: 256 bits, 6 in a digit.
constexpr std::size_t kSlowDigits = 43;
/// 'B' is 2^14 blocks of 4 KiB: 64 MiB for each login that is being checked.
constexpr char kMostBlocks = 'B';

constexpr const char* kNoHash =
    "expected a hash, \"$y$...\" or \"sha256:...\", never the password itself: reactor-cli hash "
    "makes one";

bool has_only(std::string_view text, std::string_view allowed) {
  return text.find_first_not_of(allowed) == text.npos;
}

std::string hex_of(const Sha256Digest& digest) {
  std::string hex;
  for (const std::uint8_t byte : digest) {
    hex += kHexDigits[byte >> 4];
    hex += kHexDigits[byte & 15];
  }
  return hex;
}

/// "j9T": the flavor, blocks as a power of two, bytes of a block.
std::string problem_with_cost(std::string_view cost) {
  if (cost.size() == 3 && cost[0] == 'j' && cost[1] <= kMostBlocks &&
      (cost[2] == 'T' || cost[2] == '5'))
    return {};
  return "the hash costs more memory or time than a login may (64 MiB), or has parameters that "
         "are not known here: reactor-cli hash makes another";
}

/// Of "$y$COST$SALT$HASH".
std::string problem_with_slow(std::string_view text) {
  text.remove_prefix(kSlowPrefix.size());
  const std::size_t first = text.find('$');
  const std::size_t second = first == text.npos ? first : text.find('$', first + 1);
  if (second == text.npos) return "the hash is cut off: it has a cost, a salt and the hash itself";
  const std::string_view salt = text.substr(first + 1, second - first - 1);
  const std::string_view hash = text.substr(second + 1);
  if (hash.size() != kSlowDigits || salt.empty() || !has_only(salt, kCryptDigits) ||
      !has_only(hash, kCryptDigits))
    return "the hash is cut off, or has a character that is in no hash";
  return problem_with_cost(text.substr(0, first));
}

std::string problem_with_token(std::string_view text) {
  text.remove_prefix(kTokenPrefix.size());
  if (text.size() == 2 * std::tuple_size_v<Sha256Digest> && has_only(text, kHexDigits)) return {};
  return "expected 64 hexadecimal digits in lower case behind \"sha256:\"";
}

/// What libcrypt works in, which holds the password for a while.
class CryptMemory {
 public:
  CryptMemory() : memory_(sizeof(crypt_data)) {}
  [[nodiscard]] std::string_view run(const char* password, const char* setting) {
    const char* const hash =
        ::crypt_rn(password, setting, memory_.bytes().data(), sizeof(crypt_data));
    return hash == nullptr ? std::string_view() : std::string_view(hash);
  }

 private:
  SecretText memory_;
};

void fill_with_random(std::span<char> bytes) {
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t got = ::getrandom(bytes.data() + filled, bytes.size() - filled, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw std::runtime_error("the system gives no random numbers (getrandom)");
    filled += static_cast<std::size_t>(got);
  }
}

}  // namespace

std::string PasswordHash::parse(std::string_view text, PasswordHash& hash) {
  std::string problem = kNoHash;
  if (text.starts_with(kSlowPrefix)) problem = problem_with_slow(text);
  if (text.starts_with(kTokenPrefix)) problem = problem_with_token(text);
  if (problem.empty()) hash.text_ = SecretText(text);
  return problem;
}

bool PasswordHash::matches(std::string_view password) const {
  if (!is_slow()) {
    std::string hex = hex_of(sha256(password));
    const bool is_same = is_same_secret(text_.view().substr(kTokenPrefix.size()), hex);
    wipe(hex);
    return is_same;
  }
  if (password.size() > kMaxPasswordBytes || password.find('\0') != password.npos) return false;
  const SecretText terminated(password);
  CryptMemory memory;
  return is_same_secret(memory.run(terminated.c_str(), text_.c_str()), text_.view());
}

std::string make_password_hash(std::string_view password) {
  std::array<char, CRYPT_GENSALT_OUTPUT_SIZE> setting{};
  SecretText random(std::size_t{32});
  fill_with_random(random.bytes());
  // 0: the cost that crypt(5) advises, 16 MiB.
  if (::crypt_gensalt_rn(kSlowPrefix.data(), 0, random.bytes().data(),
                         static_cast<int>(random.bytes().size()), setting.data(),
                         static_cast<int>(setting.size())) == nullptr)
    throw std::runtime_error("the system's libcrypt has no yescrypt");
  const SecretText terminated(password);
  CryptMemory memory;
  const std::string_view hash = memory.run(terminated.c_str(), setting.data());
  if (!hash.starts_with(kSlowPrefix))
    throw std::runtime_error("the system's libcrypt has made no hash of it");
  return std::string(hash);
}

GeneratedToken make_token() {
  SecretText random(std::size_t{32});
  fill_with_random(random.bytes());
  GeneratedToken token{SecretText(2 * random.bytes().size()), {}};
  const std::span<char> text = token.text.bytes();
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(random.bytes()[i / 2]);
    text[i] = kHexDigits[i % 2 == 0 ? byte >> 4 : byte & 15];
  }
  token.hash = std::string(kTokenPrefix) + hex_of(sha256(token.text.view()));
  return token;
}

}  // namespace reactord
