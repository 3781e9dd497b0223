// SPDX-License-Identifier: MIT
#include "daemon/tls/context/certificate.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "daemon/tls/certificate_name.h"
#include "tests/unit/support/temporary_folder.h"
#include "tests/unit/support/test_certificates.h"

namespace reactord::tls {
namespace {

using namespace std::chrono_literals;
using test::CertificateWish;
using test::TestCertificate;

struct Files {
  TemporaryFolder folder;
  std::chrono::system_clock::time_point now = std::chrono::system_clock::now();
  CertifiedKey loaded = {};

  [[nodiscard]] std::string key(const std::string& content, ::mode_t mode = 0600) const {
    std::string path = folder.file("key.pem", content);
    ::chmod(path.c_str(), mode);
    return path;
  }
  [[nodiscard]] std::string certificate(const std::string& content) const {
    return folder.file("cert.pem", content);
  }
  /// The problem, with the folder left out.
  [[nodiscard]] std::string load(const std::string& certificate_file, const std::string& key_file) {
    std::string problem = load_certified_key(certificate_file, key_file, now, loaded);
    const std::string root = folder / "";
    for (std::size_t at = 0; (at = problem.find(root)) != std::string::npos;)
      problem.erase(at, root.size());
    return problem;
  }
};

TEST_SUITE("certificate") {
  TEST_CASE("a pair with its chain is loaded") {
    Files files;
    const TestCertificate authority({.name = "authority", .is_authority = true});
    const TestCertificate server({.name = "server"}, &authority);
    const std::string chain = server.certificate() + authority.certificate();
    CHECK_EQ(files.load(files.certificate(chain), files.key(server.key())), "");
    CHECK_EQ(name_of(*files.loaded.certificate), "server");
    REQUIRE_EQ(files.loaded.chain.size(), 1);
    CHECK_EQ(name_of(*files.loaded.chain[0]), "authority");
    CHECK_GT(files.loaded.expires, files.now + 364 * 24h);
    CHECK_LT(files.loaded.expires, files.now + 366 * 24h);
  }

  TEST_CASE("certificate and key may stand in one file") {
    Files files;
    const TestCertificate server({});
    const std::string both = files.key(server.key() + server.certificate());
    CHECK_EQ(files.load(both, both), "");
  }

  TEST_CASE("each fault names its file, and says what to do") {
    Files files;
    const TestCertificate server({});
    const TestCertificate other({.is_rsa = true});
    const TestCertificate old({.begins = -48h, .ends = -24h});
    const TestCertificate young({.begins = 24h});
    const auto problem = [&](const std::string& certificate, const std::string& key,
                             ::mode_t mode = 0600) {
      return files.load(files.certificate(certificate), files.key(key, mode));
    };
    CHECK_EQ(problem(server.certificate(), other.key()),
             "key.pem: it is not the key of the first certificate in cert.pem: name the pair that "
             "belongs together, the server's own certificate first in its file");
    CHECK_EQ(problem(server.certificate(), server.key(), 0644),
             "key.pem: others than its owner and its group may read or change the key (mode 0644): "
             "chmod 640 " +
                 std::string("key.pem"));
    CHECK_EQ(problem(server.certificate(), server.key(), 0640), "");
    CHECK_NE(problem(old.certificate(), old.key()).find("cert.pem: the certificate has expired on"),
             std::string::npos);
    CHECK_NE(problem(young.certificate(), young.key()).find("is not valid before"),
             std::string::npos);
    CHECK_EQ(problem("nothing", server.key()),
             "cert.pem: there is no certificate in it; a PEM file is meant, with -----BEGIN "
             "CERTIFICATE----- in it");
    CHECK_NE(problem(server.certificate().substr(0, 200), server.key()).find("cert.pem:"),
             std::string::npos);
    CHECK_NE(problem(server.certificate(), server.certificate()).find("key.pem: there is no "),
             std::string::npos);
    CHECK_NE(
        problem(server.certificate(), server.key_under_passphrase()).find("locked by a passphrase"),
        std::string::npos);
  }

  TEST_CASE("what is no file is told, and hangs nobody") {
    Files files;
    const TestCertificate server({});
    const std::string key = files.key(server.key());
    CHECK_EQ(files.load(files.folder / "none.pem", key),
             "none.pem: No such file or directory; check its path");
    CHECK_EQ(files.load(files.folder / "", key), ": it is no regular file");
    REQUIRE_EQ(::mkfifo((files.folder / "fifo").c_str(), 0600), 0);
    CHECK_EQ(files.load(files.folder / "fifo", key), "fifo: it is no regular file");
    CHECK_NE(files.load(files.certificate(std::string(kMaxPemBytes + 1, 'x')), key)
                 .find("has more than 1048576 bytes"),
             std::string::npos);
  }

  TEST_CASE("names of a certificate") {
    CHECK_EQ(name_of(TestCertificate({.name = "Ada"}).x509()), "Ada");
    const TestCertificate nameless({.name = "", .hosts = {"A.example", "*.B.example"}});
    CHECK_EQ(name_of(nameless.x509()), "A.example");
    CHECK_EQ(host_names_of(nameless.x509()), std::vector<std::string>{"a.example", "*.b.example"});
    CHECK_EQ(host_names_of(TestCertificate({.name = "Common"}).x509()),
             std::vector<std::string>{"common"});
  }

  TEST_CASE("a star stands for one label in front") {
    CHECK(matches_host("a.example", "a.example"));
    CHECK_FALSE(matches_host("a.example", "b.example"));
    CHECK(matches_host("*.example", "a.example"));
    CHECK_FALSE(matches_host("*.example", "a.b.example"));
    CHECK_FALSE(matches_host("*.example", "example"));
    CHECK_FALSE(matches_host("*.example", ".example"));
    CHECK_FALSE(matches_host("a*.example", "ab.example"));
  }
}

}  // namespace
}  // namespace reactord::tls
