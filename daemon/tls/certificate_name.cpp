// SPDX-License-Identifier: MIT
#include "daemon/tls/certificate_name.h"

#include <openssl/x509v3.h>

#include <algorithm>
#include <optional>
#include <string_view>

namespace reactord::tls {

namespace {

using NamesPtr = std::unique_ptr<GENERAL_NAMES, Freed<GENERAL_NAMES_free>>;

/// As UTF-8, whatever encoding the certificate has.
std::string text_of(const ASN1_STRING* string) {
  unsigned char* bytes = nullptr;
  const int size = ASN1_STRING_to_UTF8(&bytes, string);
  if (size < 0) return {};
  std::string text(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return text.find('\0') == std::string::npos ? text : std::string();
}

std::string common_name_of(const X509& certificate) {
  X509_NAME* const subject = X509_get_subject_name(&certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0) return {};
  return text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
}

NamesPtr alternative_names_of(const X509& certificate) {
  return NamesPtr(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
}

/// Of the kinds that are text: DNS names, mail addresses and URIs.
std::optional<std::string> text_of(const GENERAL_NAME& name) {
  switch (name.type) {
    case GEN_DNS:
      return text_of(name.d.dNSName);
    case GEN_EMAIL:
      return text_of(name.d.rfc822Name);
    case GEN_URI:
      return text_of(name.d.uniformResourceIdentifier);
    default:
      return {};
  }
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

}  // namespace

std::string name_of(const X509& certificate) {
  if (std::string name = common_name_of(certificate); !name.empty()) return name;
  const NamesPtr names = alternative_names_of(certificate);
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i)
    if (const auto text = text_of(*sk_GENERAL_NAME_value(names.get(), i)); text && !text->empty())
      return *text;
  return {};
}

std::string verified_name_of(const SSL& session) {
  if (SSL_get_verify_result(&session) != X509_V_OK) return {};
  const X509* const certificate = SSL_get0_peer_certificate(&session);
  return certificate == nullptr ? std::string() : name_of(*certificate);
}

std::vector<std::string> host_names_of(const X509& certificate) {
  std::vector<std::string> hosts;
  const NamesPtr names = alternative_names_of(certificate);
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME& name = *sk_GENERAL_NAME_value(names.get(), i);
    if (name.type != GEN_DNS) continue;
    if (std::string host = lower(text_of(name.d.dNSName)); !host.empty())
      hosts.push_back(std::move(host));
  }
  if (!hosts.empty()) return hosts;
  if (std::string host = lower(common_name_of(certificate)); !host.empty()) hosts.push_back(host);
  return hosts;
}

bool matches_host(std::string_view pattern, std::string_view host) {
  if (!pattern.starts_with("*.")) return pattern == host;
  const std::size_t dot = host.find('.');
  return dot != std::string_view::npos && dot > 0 && pattern.substr(1) == host.substr(dot);
}

}  // namespace reactord::tls
