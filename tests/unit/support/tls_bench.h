// SPDX-License-Identifier: MIT
// Both ends of TLS on a socket pair: a server as a listener has it, and a client of ours or of
// OpenSSL's own. Steps are taken until nothing moves any more; nothing waits.
#pragma once

#include <openssl/ssl.h>

#include <array>
#include <memory>
#include <string>
#include <utility>

#include "daemon/tls/context/tls_client.h"
#include "daemon/tls/context/tls_context.h"
#include "tests/unit/support/sockets.h"
#include "tests/unit/support/temporary_folder.h"
#include "tests/unit/support/test_certificates.h"

namespace reactord::test {

/// An authority, and files of certificates that it has signed.
class TestAuthority {
 public:
  explicit TestAuthority(const std::string& name = "authority")
      : authority_({.name = name, .is_authority = true}) {}

  [[nodiscard]] std::string ca_file() const {
    return folder_.file("ca.pem", authority_.certificate());
  }
  /// The path of a file with a certificate and its key.
  [[nodiscard]] std::string pair_file(const CertificateWish& wish) const {
    const TestCertificate made(wish, &authority_);
    const std::string path = folder_.file(wish.name + ".pem", made.certificate() + made.key());
    std::filesystem::permissions(path, std::filesystem::perms::owner_read);
    return path;
  }

  /// The same, with so many authorities between ours and the certificate.
  [[nodiscard]] std::string chain_file(int links) const {
    std::string chain;
    std::unique_ptr<TestCertificate> issuer;
    for (int i = 0; i < links; ++i) {
      const TestCertificate& above = issuer ? *issuer : authority_;
      auto next = std::make_unique<TestCertificate>(
          CertificateWish{.name = "link " + std::to_string(i), .is_authority = true}, &above);
      chain = next->certificate() + chain;
      issuer = std::move(next);
    }
    const TestCertificate made({.name = "chained"}, issuer.get());
    const std::string path = folder_.file("chained" + std::to_string(links) + ".pem",
                                          made.certificate() + chain + made.key());
    std::filesystem::permissions(path, std::filesystem::perms::owner_read);
    return path;
  }

 private:
  TemporaryFolder folder_;
  TestCertificate authority_;
};

[[nodiscard]] inline std::shared_ptr<HandshakeContext> loaded(LoadedTls tls) {
  if (!tls.problems.empty()) throw std::runtime_error(tls.problems.front());
  return tls.context;
}

/// Two handshakes, one against the other.
struct HandshakePair {
  std::unique_ptr<Handshake> server;
  std::unique_ptr<Handshake> client;
  HandshakeStep server_step = HandshakeStep::wants_read;
  HandshakeStep client_step = HandshakeStep::wants_read;

  HandshakePair(const HandshakeContext& serving, const HandshakeContext& asking,
                SocketPair pair = unix_pair()) {
    server = serving.begin(std::move(pair.ours), {});
    client = asking.begin(std::move(pair.theirs), {});
  }
  /// True if both are done.
  bool run() {
    for (int turn = 0; turn < 20; ++turn) {
      if (goes_on(client_step)) client_step = client->advance();
      if (goes_on(server_step)) server_step = server->advance();
    }
    return client_step == HandshakeStep::done && server_step == HandshakeStep::done;
  }
  [[nodiscard]] static bool goes_on(HandshakeStep step) {
    return step == HandshakeStep::wants_read || step == HandshakeStep::wants_write;
  }
};

/// Both ends after the handshake.
struct TlsBench {
  TestAuthority authority;
  std::string server_file = authority.pair_file({.name = "localhost", .hosts = {"localhost"}});
  std::unique_ptr<Stream> server;
  std::unique_ptr<Stream> client;

  explicit TlsBench(TlsVersion version = TlsVersion::tls1_3, SocketPair pair = unix_pair()) {
    const auto serving = loaded(load_tls({.certificate = {server_file}, .min_version = version}));
    const auto asking =
        loaded(load_tls_client({.server = "localhost", .ca_file = authority.ca_file()}));
    HandshakePair handshakes(*serving, *asking, std::move(pair));
    if (!handshakes.run()) throw std::runtime_error(handshakes.server->problem());
    server = handshakes.server->take_stream();
    client = handshakes.client->take_stream();
  }

  std::array<char, 64u << 10> room{};
  /// All that `stream` has for now; how it ended is in `last`.
  std::string receive(Stream& stream, std::size_t most = 64u << 10) {
    std::string all;
    while (true) {
      last = stream.receive(std::span(room).first(most));
      if (last.status != IoStatus::ok) return all;
      all.append(room.data(), last.bytes);
    }
  }
  IoResult last;
};

}  // namespace reactord::test
