// SPDX-License-Identifier: MIT
// The rules of who may come, and how: addresses, TLS, users, limits of one client.
#include "tools/reactor-cli/doctor/rules.h"

namespace reactord::cli {
namespace {

constexpr double kSoonDays = 14;

std::optional<Advice> open_to_all(const Figures& f) {
  return advise(number(f, "event_listener_open_to_all") > 0,
                "a listener can be reached from other machines, and has no allow list",
                "listener.allow = [\"10.0.0.0/8\"] with who may come, or listener.address = "
                "\"127.0.0.1:12345\"");
}

std::optional<Advice> one_may_take_all(const Figures& f) {
  return advise(number(f, "event_listener_open_to_all") > 0 &&
                    number(f, "server.max_connections_per_address") == 0,
                "one machine can take all places for clients",
                "server.max_connections_per_address, to what one machine needs");
}

std::optional<Advice> certificate_ends(const Figures& f) {
  const double days = number(f, "certificate_days_left");
  return advise(f.has("certificate_days_left") && days < kSoonDays,
                days < 0 ? std::string("a certificate has expired, and clients refuse it")
                         : fmt::format("a certificate expires in {}", counted(days, "day")),
                "a new certificate in its place, and reload: nobody is dropped (the log's "
                "certificate_expires names the file)");
}

/// Whoever has passwords and no TLS where others can listen.
std::optional<Advice> passwords_in_the_clear(const Figures& f) {
  return advise(number(f, "event_listener_open_to_all") > 0 && number(f, "event_logged_in") > 0 &&
                    !f.has("certificate_days_left"),
                "users log in over a network, and no listener speaks TLS: whoever listens has "
                "their passwords",
                "[listener.tls] with a certificate; clients then need --tls or tls://");
}

constexpr std::string_view kOnceMayMatter = "one may be a client that somebody misses";

constexpr Rule kNetworkRules[] = {
    {"open-to-all", Severity::wrong, "event_listener_open_to_all", kNothingToWeigh, open_to_all},
    {"one-may-take-all", Severity::note,
     "event_listener_open_to_all server.max_connections_per_address", kNothingToWeigh,
     one_may_take_all},
    {"certificate-ends", Severity::wrong, "event_certificate_expires",
     "14 days: renewals come earlier, so this one has failed", certificate_ends},
    {"passwords-in-the-clear", Severity::wrong, "event_listener_open_to_all event_logged_in",
     kNothingToWeigh, passwords_in_the_clear},
    counting("handshakes-refused", Severity::note, "event_refused_handshake", kOnceMayMatter,
             {"handshake", "{} of TLS failed",
              "the client's --cacert, or its certificate, where client_auth asks for one (the "
              "log's refused_handshake tells which, and why)"}),
    counting(
        "plain-text-at-tls", Severity::note, "event_refused_plain_text", kOnceMayMatter,
        {"client", "{} sent plain text to a TLS port", "the client's --tls, tls:// or rediss://"}),
    counting("handshakes-waited", Severity::near, "event_waiting_handshakes", kOnceIsTooOften,
             {"time", "max_handshakes was reached {}, and new clients waited",
              "server.max_handshakes higher, where so many honest clients come at once; "
              "[[limit]] with connection_rate, where a few addresses make them"}),
    counting("proxies-refused", Severity::note,
             "event_refused_proxy_sender event_refused_proxy_header", kOnceMayMatter,
             {"connection", "{} refused for a missing or forbidden PROXY header",
              "listener.proxy with the balancer's addresses, and send-proxy-v2 in the balancer"}),
    counting("logins-refused", Severity::note, "event_login_refused", kOnceMayMatter,
             {"login", "{} refused: wrong password or user",
              "a program with an old password, or somebody who guesses (the log's login_refused "
              "has the addresses)"}),
    counting("logins-crowded", Severity::wrong, "event_refused_before_login", kOnceIsTooOften,
             {"client", "{} refused: too many wait to log in",
              "server.max_before_login higher, where so many honest clients come at once; "
              "deadlines.login lower, where they never log in"}),
    counting("limits-strike", Severity::note,
             "event_limit_refused event_refused_limit event_limit_slowed event_closed_limit",
             kOnceMayMatter,
             {"time", "a [[limit]] struck {}",
              "nothing, where it does what it is for (INFO limits has the figures of each); else "
              "raise it, or exempt the address"}),
    counting("limits-tried", Severity::note, "event_limit_dry_run", kNothingToWeigh,
             {"time", "a [[limit]] with dry_run would have struck {}",
              "limit.dry_run = false, where those were the right ones (INFO limits)"}),
};

}  // namespace

std::span<const Rule> rules_of_network() {
  return kNetworkRules;
}

}  // namespace reactord::cli
