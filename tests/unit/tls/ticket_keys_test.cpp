// SPDX-License-Identifier: MIT
#include "daemon/tls/context/ticket_keys.h"

#include <doctest/doctest.h>
#include <openssl/evp.h>

namespace reactord::tls {
namespace {

using CipherPtr = std::unique_ptr<EVP_CIPHER_CTX, Freed<EVP_CIPHER_CTX_free>>;
using MacPtr = std::unique_ptr<EVP_MAC, Freed<EVP_MAC_free>>;
using MacContextPtr = std::unique_ptr<EVP_MAC_CTX, Freed<EVP_MAC_CTX_free>>;

struct TicketBench {
  TicketKeys::Clock::time_point now{};
  TicketKeys keys{[this] { return now; }};
  CipherPtr cipher{EVP_CIPHER_CTX_new()};
  MacPtr mac_kind{EVP_MAC_fetch(nullptr, "HMAC", nullptr)};
  MacContextPtr mac{EVP_MAC_CTX_new(mac_kind.get())};

  struct Ticket {
    std::array<unsigned char, 16> name{};
    std::array<unsigned char, EVP_MAX_IV_LENGTH> iv{};
  };
  Ticket seal() {
    Ticket ticket;
    REQUIRE_EQ(keys.seal(ticket.name.data(), ticket.iv.data(), cipher.get(), mac.get()), 1);
    return ticket;
  }
  int open(const Ticket& ticket) {
    return keys.open(ticket.name.data(), ticket.iv.data(), cipher.get(), mac.get());
  }
};

TEST_SUITE("ticket_keys") {
  TEST_CASE("a key opens what it has sealed, asks for a new ticket after its time, and goes") {
    TicketBench bench;
    const TicketBench::Ticket first = bench.seal();
    CHECK_EQ(bench.open(first), 1);
    bench.now += TicketKeys::kSealingTime;
    const TicketBench::Ticket second = bench.seal();
    CHECK_NE(first.name, second.name);
    CHECK_EQ(bench.open(first), 2);
    CHECK_EQ(bench.open(second), 1);
    bench.now += TicketKeys::kSealingTime;
    CHECK_EQ(bench.open(first), 0);
    CHECK_EQ(bench.open(second), 2);
  }

  TEST_CASE("keys go also where nobody comes") {
    TicketBench bench;
    const TicketBench::Ticket ticket = bench.seal();
    bench.now += 2 * TicketKeys::kSealingTime;
    bench.keys.forget_old();
    bench.now -= 2 * TicketKeys::kSealingTime;
    CHECK_EQ(bench.open(ticket), 0);
  }

  TEST_CASE("what another has sealed is not opened") {
    TicketBench bench;
    TicketBench other;
    CHECK_EQ(bench.open(other.seal()), 0);
  }

  TEST_CASE("two tickets of one key have different initial vectors") {
    TicketBench bench;
    CHECK_NE(bench.seal().iv, bench.seal().iv);
  }
}

}  // namespace
}  // namespace reactord::tls
