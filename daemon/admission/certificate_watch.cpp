// SPDX-License-Identifier: MIT
#include "daemon/admission/certificate_watch.h"

#include <algorithm>
#include <string>
#include <utility>

namespace reactord {

void CertificateWatch::watch(std::vector<Certificate> certificates) {
  certificates_.clear();
  for (Certificate& each : certificates) {
    const bool is_known =
        std::any_of(certificates_.begin(), certificates_.end(),
                    [&](const Certificate& other) { return other.file == each.file; });
    if (!is_known) certificates_.push_back(std::move(each));
  }
  look();
}

void CertificateWatch::look() const {
  for (const Certificate& each : certificates_) {
    const std::int64_t days = days_until(each.expires);
    if (each.expires <= now_())
      events_.record(Event::certificate_expired, {{"file", each.file}});
    else if (days < std::chrono::days(kWarning).count())
      events_.record(Event::certificate_expires,
                     {{"file", each.file}, {"days", std::to_string(days)}});
  }
}

std::optional<std::int64_t> CertificateWatch::days_left() const {
  std::optional<std::int64_t> least;
  for (const Certificate& each : certificates_) {
    const std::int64_t days = days_until(each.expires);
    least = std::min(least.value_or(days), days);
  }
  return least;
}

std::int64_t CertificateWatch::days_until(Time expires) const {
  return std::chrono::floor<std::chrono::days>(expires - now_()).count();
}

}  // namespace reactord
