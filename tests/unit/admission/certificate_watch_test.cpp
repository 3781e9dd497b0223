// SPDX-License-Identifier: MIT
#include "daemon/admission/certificate_watch.h"

#include <doctest/doctest.h>

#include "tests/unit/support/fake_clock.h"

namespace reactord {
namespace {

using namespace std::chrono_literals;

TEST_CASE("certificate_watch: told from two weeks before the end on, each file once") {
  FakeClock clock;
  EventLog events(clock, {.level = LogLevel::off});
  CertificateWatch::Time now{};
  CertificateWatch watch(events, [&] { return now; });
  CHECK(watch.is_empty());
  CHECK_FALSE(watch.days_left().has_value());
  const CertificateWatch::Time end = now + 24h * 20;
  watch.watch({{"a.pem", end}, {"a.pem", end}, {"b.pem", end + 24h * 100}});
  CHECK_EQ(watch.days_left(), 20);
  CHECK_EQ(events.count_of(Event::certificate_expires), 0);
  now = end - 24h * 14 - 1h;
  watch.look();
  CHECK_EQ(events.count_of(Event::certificate_expires), 0);
  now = end - 24h * 14 + 1h;
  watch.look();
  CHECK_EQ(events.count_of(Event::certificate_expires), 1);
  CHECK_EQ(watch.days_left(), 13);
  now = end;
  watch.look();
  CHECK_EQ(events.count_of(Event::certificate_expires), 1);
  CHECK_EQ(events.count_of(Event::certificate_expired), 1);
  CHECK_EQ(watch.days_left(), 0);
  now = end + 1h;
  CHECK_EQ(watch.days_left(), -1);
}

}  // namespace
}  // namespace reactord
