// SPDX-License-Identifier: MIT
// OpenSSL without memory: what was made meanwhile is not used, and afterwards all is as before.
#include <doctest/doctest.h>

#include <new>
#include <string>

#include "tests/unit/support/failing_allocations.h"
#include "tests/unit/support/tls_bench.h"

namespace reactord {
namespace {

using test::Failing;
using test::HandshakePair;
using test::loaded;
using test::TestAuthority;

/// Every so manieth allocation fails: nobody repeats themselves so often.
constexpr long kStride = 31;

/// Null: out of memory, and it says so.
template <class Load>
std::shared_ptr<HandshakeContext> load_without(long nth, Load&& load, bool& has_failed) {
  LoadedTls tls;
  bool is_told = false;
  test::fail_allocation(nth, Failing::one);
  try {
    tls = load();
  } catch (const std::bad_alloc&) {
    is_told = true;
  }
  has_failed = test::stop_failing();
  for (const std::string& problem : tls.problems) is_told |= problem.starts_with("out of memory");
  const bool is_well = has_failed ? is_told != (tls.context != nullptr) : tls.context != nullptr;
  CHECK_MESSAGE(is_well, "allocation " << nth);
  return tls.context;
}

TEST_SUITE("tls_memory") {
  TEST_CASE("certificates that were loaded without memory are not used") {
    const TestAuthority authority;
    const std::string file = authority.pair_file({.name = "localhost", .hosts = {"localhost"}});
    const std::string ca_file = authority.ca_file();
    const auto load_server = [&] {
      return load_tls(
          {.certificate = {file}, .client_ca = ca_file, .client_auth = ClientAuth::optional});
    };
    const auto load_client = [&] {
      return load_tls_client({.server = "localhost", .ca_file = ca_file, .certificate = file});
    };
    const auto server = loaded(load_server());
    const auto client = loaded(load_client());
    test::let_allocations_fail_here();
    bool has_failed = true;
    long nth = 1;
    for (; has_failed; nth += kStride)
      if (const auto made = load_without(nth, load_server, has_failed))
        CHECK(HandshakePair(*made, *client).run());
    CHECK(nth > 1000);  // OpenSSL's allocations are among them
    has_failed = true;
    for (nth = 1; has_failed; nth += kStride)
      if (const auto made = load_without(nth, load_client, has_failed))
        CHECK(HandshakePair(*server, *made).run());
    CHECK(nth > 1000);
  }

  TEST_CASE("a handshake without memory fails, and the next one does not") {
    const TestAuthority authority;
    const auto server = loaded(load_tls(
        {.certificate = {authority.pair_file({.name = "localhost", .hosts = {"localhost"}})}}));
    const auto client =
        loaded(load_tls_client({.server = "localhost", .ca_file = authority.ca_file()}));
    test::let_allocations_fail_here();
    bool has_failed = true;
    for (long nth = 1; has_failed; nth += kStride) {
      SocketPair sockets = unix_pair();
      test::fail_allocation(nth, Failing::one);
      bool is_done = false;
      try {
        HandshakePair pair(*server, *client, std::move(sockets));
        is_done = pair.server && pair.client && pair.run();
      } catch (const std::bad_alloc&) {
      }
      has_failed = test::stop_failing();
      CHECK_MESSAGE((is_done || has_failed), "allocation " << nth);
    }
    CHECK(HandshakePair(*server, *client).run());
  }
}

}  // namespace
}  // namespace reactord
