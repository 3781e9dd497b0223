// SPDX-License-Identifier: MIT
#include "config/secrets/password_hash.h"

#include <doctest/doctest.h>

#include <string>

#include "config/secrets/sha256.h"

namespace reactord {
namespace {

std::string hex(std::string_view text) {
  std::string digits;
  for (const std::uint8_t byte : sha256(text)) {
    digits += "0123456789abcdef"[byte >> 4];
    digits += "0123456789abcdef"[byte & 15];
  }
  return digits;
}

TEST_CASE("SHA-256 gives what FIPS 180-4 gives") {
  CHECK(hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  // 55, 56 and 64 bytes: where the length still fits the last block, and where not any more.
  CHECK(hex(std::string(55, 'a')) ==
        "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318");
  CHECK(hex(std::string(56, 'a')) ==
        "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a");
  CHECK(hex(std::string(64, 'a')) ==
        "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb");
}

TEST_CASE("a password matches the hash that was made of it, and no other") {
  PasswordHash hash;
  REQUIRE(PasswordHash::parse(make_password_hash("horse"), hash) == "");
  CHECK(hash.is_slow());
  CHECK(hash.matches("horse"));
  CHECK_FALSE(hash.matches("house"));
  CHECK_FALSE(hash.matches(std::string_view("horse\0", 6)));
  CHECK_FALSE(hash.matches(std::string(PasswordHash::kMaxPasswordBytes + 1, 'x')));
}

TEST_CASE("a token matches its hash alone") {
  const GeneratedToken token = make_token();
  CHECK(token.text.view().size() == 64);
  PasswordHash hash;
  REQUIRE(PasswordHash::parse(token.hash, hash) == "");
  CHECK_FALSE(hash.is_slow());
  CHECK(hash.matches(token.text.view()));
  CHECK_FALSE(hash.matches(token.hash));
  CHECK_FALSE(hash.matches(""));
}

TEST_CASE("what is no hash is refused, and not repeated") {
  const std::string good(43, 'a');
  for (const std::string& bad :
       {std::string("secret"), std::string(), std::string("$6$salt$hash"), std::string("sha256:"),
        "sha256:" + std::string(64, 'A'), "sha256:" + std::string(63, 'a'), std::string("$y$"),
        "$y$j9T$salt$" + std::string(42, 'a'), "$y$j9T$$" + good, "$y$j9T$sa t$" + good,
        "$y$jFT$salt$" + good, "$y$9T$salt$" + good}) {
    CAPTURE(bad);
    PasswordHash hash;
    const std::string problem = PasswordHash::parse(bad, hash);
    CHECK(problem != "");
    if (bad == "secret") CHECK(problem.find(bad) == std::string::npos);
  }
}

TEST_CASE("secrets are compared whole") {
  CHECK(is_same_secret("", ""));
  CHECK(is_same_secret("abc", "abc"));
  CHECK_FALSE(is_same_secret("abc", "abd"));
  CHECK_FALSE(is_same_secret("abc", "ab"));
}

}  // namespace
}  // namespace reactord
