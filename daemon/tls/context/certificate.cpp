// SPDX-License-Identifier: MIT
#include "daemon/tls/context/certificate.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

#include "daemon/reactor/unique_fd.h"

namespace reactord::tls {

namespace {

using Time = std::chrono::system_clock::time_point;

std::string cannot_read(const std::string& file, int error) {
  const std::string_view advice =
      error == ENOENT   ? "check its path"
      : error == EACCES ? "let the daemon's user read it, by its group or as a systemd credential "
                          "(LoadCredential=)"
                        : "it must be a PEM file";
  return fmt::format("{}: {}; {}", file, std::strerror(error), advice);
}

/// The open file, so that what is judged is what is read.
std::string open_file(const std::string& file, UniqueFd& fd, struct stat& status) {
  do {  // O_NONBLOCK: a FIFO in its place must not hang the start.
    fd.reset(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  } while (!fd && errno == EINTR);
  if (!fd || ::fstat(fd.get(), &status) != 0) return cannot_read(file, errno);
  if (!S_ISREG(status.st_mode)) return fmt::format("{}: it is no regular file", file);
  if (static_cast<std::size_t>(status.st_size) > kMaxPemBytes)
    return fmt::format(
        "{}: it has more than {} bytes: a PEM file of certificates and a key is "
        "meant",
        file, kMaxPemBytes);
  return {};
}

std::string read_all(const std::string& file, int fd, std::string& text) {
  text.resize(kMaxPemBytes);
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t n = ::read(fd, text.data() + size, text.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return cannot_read(file, errno);
    if (n == 0) break;
    size += static_cast<std::size_t>(n);
  }
  text.resize(size);
  return {};
}

/// Who can read it can be this server; who can change it, too.
std::string judge_key_file(const std::string& file, const struct stat& status) {
  if ((status.st_mode & (S_IRWXO | S_IWGRP | S_IXGRP)) != 0)
    return fmt::format(
        "{}: others than its owner and its group may read or change the key (mode "
        "{:04o}): chmod 640 {}",
        file, status.st_mode & 07777u, file);
  if (status.st_uid != 0 && status.st_uid != ::geteuid())
    return fmt::format(
        "{}: the key belongs to user {}, who can change it: chown it to root, or to "
        "the daemon's user",
        file, status.st_uid);
  return {};
}

BioPtr memory_of(const std::string& text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// OpenSSL would ask for a passphrase at the terminal.
int no_passphrase(char*, int, int, void* was_asked) {
  *static_cast<bool*>(was_asked) = true;
  return -1;
}

std::string parse_certificates(const std::string& file, const std::string& text,
                               std::vector<CertificatePtr>& out) {
  const BioPtr memory = memory_of(text);
  ERR_clear_error();
  while (memory) {
    CertificatePtr next(PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr));
    if (!next) break;
    out.push_back(std::move(next));
  }
  const bool is_at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  const std::string reason = take_error();
  if (!out.empty() && is_at_end) return {};
  return fmt::format("{}: {}; a PEM file is meant, with -----BEGIN CERTIFICATE----- in it", file,
                     out.empty() && is_at_end ? "there is no certificate in it"
                                              : "a certificate in it is broken: " + reason);
}

std::string parse_key(const std::string& file, const std::string& text, KeyPtr& key) {
  const BioPtr memory = memory_of(text);
  bool was_asked = false;
  ERR_clear_error();
  key.reset(memory ? PEM_read_bio_PrivateKey(memory.get(), nullptr, no_passphrase, &was_asked)
                   : nullptr);
  const std::string reason = take_error();
  if (key) return {};
  if (was_asked)
    return fmt::format(
        "{}: the key is locked by a passphrase, and nobody is there to type it: "
        "openssl pkey -in {} -out UNLOCKED",
        file, file);
  return fmt::format("{}: there is no private key in it that can be read ({}); a PEM file is meant",
                     file, reason);
}

Time time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return Time::min();
  return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

std::string day_of(Time time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  return fmt::format("{}-{:02}-{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

std::string judge_dates(const std::string& file, const CertifiedKey& loaded, Time now) {
  const Time begins = time_of(X509_get0_notBefore(loaded.certificate.get()));
  if (loaded.expires <= now)
    return fmt::format("{}: the certificate has expired on {}: renew it", file,
                       day_of(loaded.expires));
  if (begins > now)
    return fmt::format("{}: the certificate is not valid before {}: is the clock right (date)?",
                       file, day_of(begins));
  return {};
}

/// The handshake would fail for each client.
std::string judge_pair(const std::string& certificate_file, const std::string& key_file,
                       const CertifiedKey& loaded) {
  ERR_clear_error();
  const bool fits = X509_check_private_key(loaded.certificate.get(), loaded.key.get()) == 1;
  const bool lacks_memory = ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE;
  ERR_clear_error();
  if (fits) return {};
  if (lacks_memory)
    return fmt::format("{}: there is no memory to compare it with the certificate in {}", key_file,
                       certificate_file);
  return fmt::format(
      "{}: it is not the key of the first certificate in {}: name the pair that "
      "belongs together, the server's own certificate first in its file",
      key_file, certificate_file);
}

}  // namespace

std::string load_certificates(const std::string& file, std::vector<CertificatePtr>& out) {
  UniqueFd fd;
  struct stat status {};
  std::string text;
  if (std::string problem = open_file(file, fd, status); !problem.empty()) return problem;
  if (std::string problem = read_all(file, fd.get(), text); !problem.empty()) return problem;
  return parse_certificates(file, text, out);
}

std::string load_certified_key(const std::string& certificate_file, const std::string& key_file,
                               Time now, CertifiedKey& out) {
  std::vector<CertificatePtr> certificates;
  if (std::string problem = load_certificates(certificate_file, certificates); !problem.empty())
    return problem;
  UniqueFd fd;
  struct stat status {};
  std::string text;
  std::string problem = open_file(key_file, fd, status);
  if (problem.empty()) problem = judge_key_file(key_file, status);
  if (problem.empty()) problem = read_all(key_file, fd.get(), text);
  if (problem.empty()) problem = parse_key(key_file, text, out.key);
  OPENSSL_cleanse(text.data(), text.size());
  if (!problem.empty()) return problem;
  out.certificate = std::move(certificates.front());
  certificates.erase(certificates.begin());
  out.chain = std::move(certificates);
  out.expires = time_of(X509_get0_notAfter(out.certificate.get()));
  problem = judge_pair(certificate_file, key_file, out);
  return problem.empty() ? judge_dates(certificate_file, out, now) : problem;
}

}  // namespace reactord::tls
