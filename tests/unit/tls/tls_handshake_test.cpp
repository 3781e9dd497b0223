// SPDX-License-Identifier: MIT
#include "daemon/tls/tls_handshake.h"

#include <doctest/doctest.h>
#include <openssl/ssl.h>

#include <string>

#include "tests/unit/support/tls_bench.h"

namespace reactord {
namespace {

using test::HandshakePair;
using test::loaded;
using test::TestAuthority;

TlsSettings serving(std::vector<std::string> certificates) {
  return {.certificate = std::move(certificates)};
}

/// What a client of OpenSSL's own does by hand.
struct RawClient {
  tls::ContextPtr context{SSL_CTX_new(TLS_client_method())};
  tls::SessionPtr session;
  std::unique_ptr<Handshake> server;
  HandshakeStep step = HandshakeStep::wants_read;
  UniqueFd fd;

  explicit RawClient(const HandshakeContext& serving, SSL_SESSION* earlier = nullptr,
                     int version = TLS1_3_VERSION) {
    SocketPair pair = unix_pair();
    fd = std::move(pair.theirs);
    server = serving.begin(std::move(pair.ours), {});
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT);
    (void)SSL_CTX_set_max_proto_version(context.get(), version);
    session.reset(SSL_new(context.get()));
    SSL_set_fd(session.get(), fd.get());
    SSL_set_connect_state(session.get());
    if (earlier != nullptr) SSL_set_session(session.get(), earlier);
  }
  bool run() {
    for (int turn = 0; turn < 20; ++turn) {
      (void)SSL_do_handshake(session.get());
      if (HandshakePair::goes_on(step)) step = server->advance();
    }
    return step == HandshakeStep::done && SSL_is_init_finished(session.get()) == 1;
  }
  /// The session to come again with: its ticket comes with the first bytes.
  SSL_SESSION* take_session(Stream& stream) {
    char byte = 0;
    (void)stream.send("x");
    (void)SSL_read(session.get(), &byte, 1);
    return SSL_get1_session(session.get());
  }
};

using ResumablePtr = std::unique_ptr<SSL_SESSION, tls::Freed<SSL_SESSION_free>>;

TEST_SUITE("tls_handshake") {
  TEST_CASE("the certificate is chosen by the name that the client asks for") {
    const TestAuthority authority;
    const auto server = loaded(load_tls(serving(
        {authority.pair_file({.name = "first", .hosts = {"first.example"}}),
         authority.pair_file({.name = "second", .hosts = {"second.example", "*.wild.example"}})})));
    const auto meets = [&](const std::string& name) {
      const auto client = loaded(load_tls_client({.server = name, .ca_file = authority.ca_file()}));
      HandshakePair pair(*server, *client);
      const bool is_met = pair.run();
      return is_met ? "met" : pair.client->problem();
    };
    CHECK_EQ(meets("first.example"), "met");
    CHECK_EQ(meets("second.example"), "met");
    CHECK_EQ(meets("SECOND.example"), "met");
    CHECK_EQ(meets("a.wild.example"), "met");
    CHECK_EQ(meets("a.b.wild.example"), "hostname mismatch");
    CHECK_EQ(meets("nobody.example"), "hostname mismatch");
    CHECK_EQ(meets(std::string(250, 'a')), "hostname mismatch");
  }

  TEST_CASE("a client refuses who is not whom it trusts, and says why") {
    const TestAuthority authority;
    const TestAuthority other("other");
    const auto server = loaded(
        load_tls(serving({authority.pair_file({.name = "localhost", .hosts = {"localhost"}})})));
    const auto client =
        loaded(load_tls_client({.server = "localhost", .ca_file = other.ca_file()}));
    HandshakePair pair(*server, *client);
    CHECK_FALSE(pair.run());
    CHECK_EQ(pair.client->problem(), "unable to get local issuer certificate");
    CHECK(pair.server_step == HandshakeStep::failed);
    CHECK_EQ(pair.server->problem(), "tlsv1 alert unknown ca");
  }

  TEST_CASE("client certificates: required, optional, of another authority, none") {
    const TestAuthority authority;
    const TestAuthority other("other");
    const std::string server_file =
        authority.pair_file({.name = "localhost", .hosts = {"localhost"}});
    const std::string ada = authority.pair_file({.name = "Ada"});
    const std::string eve = other.pair_file({.name = "Eve"});
    const auto outcome = [&](ClientAuth auth, const std::string& shown) {
      TlsSettings settings = serving({server_file});
      settings.client_auth = auth;
      settings.client_ca = authority.ca_file();
      const auto server = loaded(load_tls(settings));
      const auto client = loaded(load_tls_client(
          {.server = "localhost", .ca_file = authority.ca_file(), .certificate = shown}));
      HandshakePair pair(*server, *client);
      (void)pair.run();
      if (pair.server_step != HandshakeStep::done) return pair.server->problem();
      return "welcome " + pair.server->take_stream()->certificate_name();
    };
    CHECK_EQ(outcome(ClientAuth::required, ada), "welcome Ada");
    CHECK_EQ(outcome(ClientAuth::optional, ada), "welcome Ada");
    CHECK_EQ(outcome(ClientAuth::optional, ""), "welcome ");
    CHECK_EQ(outcome(ClientAuth::no, ada), "welcome ");
    CHECK_EQ(outcome(ClientAuth::required, ""), "peer did not return a certificate");
    CHECK_NE(outcome(ClientAuth::required, eve).find("unable to get"), std::string::npos);
    CHECK_NE(outcome(ClientAuth::optional, eve).find("unable to get"), std::string::npos);
  }

  TEST_CASE("a client's chain is neither long nor large") {
    const TestAuthority authority;
    TlsSettings settings = serving({authority.pair_file({})});
    settings.client_auth = ClientAuth::required;
    settings.client_ca = authority.ca_file();
    const auto server = loaded(load_tls(settings));
    const auto outcome = [&](const std::string& shown) {
      const auto client =
          loaded(load_tls_client({.ca_file = authority.ca_file(), .certificate = shown}));
      HandshakePair pair(*server, *client);
      return pair.run() ? "welcome" : pair.server->problem();
    };
    CHECK_EQ(outcome(authority.chain_file(3)), "welcome");
    CHECK_EQ(outcome(authority.chain_file(12)), "certificate chain too long");
    const std::vector<std::string> many(3000, "a-long-name-for-nobody.example");
    CHECK_EQ(outcome(authority.pair_file({.name = "large", .hosts = many})),
             "excessive message size");
  }

  TEST_CASE("who comes again goes on where it was, also after a reload") {
    const TestAuthority authority;
    TlsSettings settings = serving({authority.pair_file({})});
    const auto server = loaded(load_tls(settings));
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
      RawClient first(*server, nullptr, version);
      REQUIRE(first.run());
      CHECK_FALSE(first.server->is_resumed());
      const auto stream = first.server->take_stream();
      const ResumablePtr session(first.take_session(*stream));
      const auto after_reload = loaded(load_tls(settings));
      {
        RawClient stranger(*after_reload, session.get(), version);
        REQUIRE(stranger.run());
        CHECK_FALSE(stranger.server->is_resumed());
      }
      after_reload->keep_sessions_of(*server);
      RawClient again(*after_reload, session.get(), version);
      REQUIRE(again.run());
      CHECK(again.server->is_resumed());
    }
  }

  TEST_CASE("a ticket from before another authority counted is none") {
    const TestAuthority authority;
    TlsSettings settings = serving({authority.pair_file({})});
    const auto server = loaded(load_tls(settings));
    RawClient first(*server);
    REQUIRE(first.run());
    const auto stream = first.server->take_stream();
    const ResumablePtr session(first.take_session(*stream));
    settings.client_auth = ClientAuth::required;
    settings.client_ca = authority.ca_file();
    const auto stricter = loaded(load_tls(settings));
    stricter->keep_sessions_of(*server);
    RawClient again(*stricter, session.get());
    CHECK_FALSE(again.run());
    CHECK(again.step == HandshakeStep::failed);
  }

  TEST_CASE("plain text is answered in words that can be read") {
    const TestAuthority authority;
    const auto server = loaded(load_tls(serving({authority.pair_file({})})));
    const auto answer = [&](std::string_view opening, std::string& named) {
      SocketPair pair = unix_pair();
      const auto handshake = server->begin(std::move(pair.ours), {});
      CHECK(handshake->advance() == HandshakeStep::wants_read);
      send_text(pair.theirs.get(), opening);
      CHECK(handshake->advance() == HandshakeStep::plain_text);
      named = handshake->problem();
      std::array<char, 4096> room{};
      const ssize_t n = ::recv(pair.theirs.get(), room.data(), room.size(), 0);
      return std::string(room.data(), static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    };
    std::string named;
    CHECK(answer("*1\r\n$4\r\nPING\r\n", named).starts_with("-ERR this port speaks TLS"));
    CHECK_EQ(named, "plain text");
    CHECK(answer("GET / HTTP/1.1\r\n\r\n", named).starts_with("HTTP/1.1 400 "));
    CHECK_EQ(named, "HTTP");
  }

  TEST_CASE("broken handshakes fail, and do not hang") {
    const TestAuthority authority;
    const auto server = loaded(load_tls(serving({authority.pair_file({})})));
    const auto outcome = [&](std::string_view opening, bool ends) {
      SocketPair pair = unix_pair();
      const auto handshake = server->begin(std::move(pair.ours), {});
      send_text(pair.theirs.get(), opening);
      if (ends) pair.theirs.reset();
      return handshake->advance();
    };
    using namespace std::string_view_literals;
    CHECK(outcome("\x16\x03\x01\x00\x40\x01\x00\x00\x3c\x03"sv, false) ==
          HandshakeStep::wants_read);
    CHECK(outcome("\x16\x03\x01\x00\x40\x01\x00\x00\x3c\x03"sv, true) == HandshakeStep::failed);
    CHECK(outcome("\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03"sv, false) == HandshakeStep::failed);
    CHECK(outcome("\x16\x03\x01\x00\x05\x0e\x00\x00\x01\x03"sv, false) == HandshakeStep::failed);
    CHECK(outcome("\x16\x03\x01\xff\xff\x01"sv, false) == HandshakeStep::failed);
    CHECK(outcome("\x16\x02\x00\x00\x05\x01\x00\x00\x01\x03"sv, false) == HandshakeStep::failed);
    CHECK(outcome(""sv, true) == HandshakeStep::failed);
    // A long message in records of a byte each: it could go on for long.
    std::string tiny;
    for (int i = 0; i <= TlsHandshake::kMaxRecords; ++i) tiny += "\x16\x03\x03\x00\x01\x01"sv;
    CHECK(outcome(tiny, false) == HandshakeStep::failed);
  }

  TEST_CASE(
      "a client that does nothing but change its keys is lost, and so is one that begins anew") {
    const TestAuthority authority;
    const auto server = loaded(load_tls(serving({authority.pair_file({})})));
    RawClient client(*server);
    REQUIRE(client.run());
    const auto stream = client.server->take_stream();
    std::array<char, 100> room{};
    for (const auto& [updates, is_lost] : {std::pair{3, false}, {100, true}}) {
      for (int i = 0; i < updates; ++i) {
        REQUIRE_EQ(SSL_key_update(client.session.get(), SSL_KEY_UPDATE_NOT_REQUESTED), 1);
        REQUIRE_EQ(SSL_do_handshake(client.session.get()), 1);
      }
      REQUIRE_EQ(SSL_write(client.session.get(), "x", 1), 1);
      CHECK((stream->receive(room).status == IoStatus::lost) == is_lost);
    }
    RawClient older(*server, nullptr, TLS1_2_VERSION);
    REQUIRE(older.run());
    const auto older_stream = older.server->take_stream();
    SSL_set_options(older.session.get(), SSL_OP_LEGACY_SERVER_CONNECT);
    if (SSL_renegotiate(older.session.get()) == 1) {
      (void)SSL_do_handshake(older.session.get());
      (void)older_stream->receive(room);
      CHECK_LE(SSL_do_handshake(older.session.get()), 0);  // no_renegotiation
    }
  }

  TEST_CASE("what cannot be used is told when it is loaded") {
    const TestAuthority authority;
    const std::string file = authority.pair_file({});
    const auto problem = [&](auto change) {
      TlsSettings settings = serving({file});
      change(settings);
      const LoadedTls tls = load_tls(settings);
      CHECK_EQ(tls.context == nullptr, !tls.problems.empty());
      return tls.problems.empty() ? "" : tls.problems.front();
    };
    const auto ciphers = [&](const std::string& list) {
      return problem([&](TlsSettings& settings) { settings.ciphers = list; });
    };
    CHECK_EQ(ciphers("ECDHE+AESGCM"), "");
    CHECK_NE(ciphers("DEFAULT").find("which is weak"), std::string::npos);
    CHECK_NE(ciphers("AES128-GCM-SHA256").find("which is weak"), std::string::npos);
    CHECK_NE(ciphers("ECDHE+AESGCM:@SECLEVEL=0").find("@SECLEVEL"), std::string::npos);
    CHECK_NE(ciphers("NOTHING").find("OpenSSL takes nothing of 'NOTHING'"), std::string::npos);
    CHECK_EQ(problem([](TlsSettings& settings) {
               settings.client_auth = ClientAuth::required;
               settings.client_ca = "/nowhere/ca.pem";
             }),
             "/nowhere/ca.pem: No such file or directory; check its path");
    const auto good = loaded(load_tls(serving({file})));
    REQUIRE_EQ(good->certificates().size(), 1);
    CHECK_EQ(good->certificates()[0].file, file);
  }
}

}  // namespace
}  // namespace reactord
