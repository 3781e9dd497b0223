// SPDX-License-Identifier: MIT
#include "daemon/client_limits/limit_rule.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <functional>

namespace reactord {

namespace {

constexpr std::array<std::string_view, kLimitedKinds> kNames{"connections", "connection_rate",
                                                             "request_rate", "byte_rate"};
/// From one line of the log about a rule to the next.
constexpr auto kLogPause = std::chrono::seconds(1);

/// A rate without a burst of its own may be used up for a second ahead; one below one in a second,
/// once.
std::optional<Gcra> gcra_of(const Rate& rate, std::uint64_t burst) {
  if (rate.count == 0) return std::nullopt;
  const auto period = static_cast<std::uint64_t>(rate.period.count());
  if (burst == 0) burst = std::max<std::uint64_t>(1, rate.count / period);
  return Gcra(rate.count, rate.period, burst);
}

/// An address in two words, in the order of its bytes: each turn asks, and a loop over bytes is
/// slow.
LimitKey words_of(const std::array<std::uint8_t, 16>& ip) {
  return std::bit_cast<LimitKey>(ip);
}

LimitKey mask_of(std::size_t bits) {
  std::array<std::uint8_t, 16> mask{};
  for (std::size_t bit = 0; bit < bits; ++bit)
    mask[bit / 8] = static_cast<std::uint8_t>(mask[bit / 8] | 0x80u >> (bit % 8));
  return words_of(mask);
}

/// ::ffff:0:0/96
bool is_ipv4(const LimitKey& key) {
  constexpr std::array<std::uint8_t, 8> kMapped{0, 0, 0xff, 0xff, 0, 0, 0, 0};
  constexpr std::array<std::uint8_t, 8> kMask{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0};
  return key[0] == 0 &&
         (key[1] & std::bit_cast<std::uint64_t>(kMask)) == std::bit_cast<std::uint64_t>(kMapped);
}

/// Names are the administrator's, so nobody can look for two with one key; that any of a thousand
/// have one is as likely as to guess a key of 45 bits.
LimitKey key_of_name(std::string_view name) {
  return {std::hash<std::string_view>()(name), name.size()};
}

}  // namespace

std::string_view name_of(Limited what) {
  return kNames[static_cast<std::size_t>(what)];
}

LimitRule::LimitRule(const LimitRuleSettings& settings, HashSeed seed)
    : seed_(seed), connections_(0, KeyHash{seed}) {
  apply(settings);
}

void LimitRule::apply(const LimitRuleSettings& settings) {
  const bool has_same_clients = debts_ != nullptr && settings.per == settings_.per &&
                                settings.ipv6_prefix == settings_.ipv6_prefix &&
                                settings.clients == settings_.clients;
  settings_ = settings;
  connection_rate_ =
      gcra_of(settings.connection_rate, static_cast<std::uint64_t>(settings.connection_burst));
  request_rate_ =
      gcra_of(settings.request_rate, static_cast<std::uint64_t>(settings.request_burst));
  byte_rate_ = gcra_of(settings.byte_rate.rate, settings.byte_burst.bytes);
  std::vector<IpNetwork> networks;
  is_unix_exempt_ = false;
  for (const PeerBlock& block : settings.exempt)
    block.is_unix ? void(is_unix_exempt_ = true) : networks.push_back(block.network);
  exempt_ = NetworkSet(networks);
  ipv6_mask_ = mask_of(static_cast<std::size_t>(settings.ipv6_prefix));
  if (has_same_clients) return;
  if (debts_ != nullptr) forgotten_before_ += debts_->forgotten();
  debts_ = std::make_unique<DebtTable>(static_cast<std::size_t>(settings.clients), seed_);
}

// --- who is who

std::optional<LimitKey> LimitRule::key_of(const LimitedClient& client) const {
  const LimitKey key = words_of(client.mapped_ip);
  const bool is_unix = key == LimitKey{};
  if (is_unix ? is_unix_exempt_ : exempt_.contains(client.mapped_ip)) return std::nullopt;
  if (settings_.per == LimitPer::user)
    return client.user.empty() ? std::nullopt : std::optional(key_of_name(client.user));
  return is_ipv4(key) ? key : LimitKey{key[0] & ipv6_mask_[0], key[1] & ipv6_mask_[1]};
}

std::size_t LimitRule::KeyHash::operator()(const LimitKey& key) const noexcept {
  return static_cast<std::size_t>((key[0] ^ seed.first) * 0x9e3779b97f4a7c15 ^
                                  (key[1] ^ seed.second)) *
         0xc4ceb9fe1a85ec53;
}

// --- connections

std::optional<Overrun> LimitRule::ask_room(const LimitKey& key) const {
  if (settings_.connections == 0) return std::nullopt;
  const auto found = connections_.find(key);
  if (found == connections_.end() || found->second < settings_.connections) return std::nullopt;
  return Overrun{Limited::connections};
}

std::optional<Overrun> LimitRule::ask_connection(const LimitKey& key, TimePoint now) const {
  if (const std::optional<Overrun> overrun = ask_room(key)) return overrun;
  if (!connection_rate_) return std::nullopt;
  const Duration wait = connection_rate_->wait_for(debts_->find(key).connections, now, 1).value();
  if (wait == Duration::zero()) return std::nullopt;
  return Overrun{Limited::connection_rate, wait};
}

void LimitRule::charge_connection(const LimitKey& key, TimePoint now) {
  if (connection_rate_) connection_rate_->charge(debts_->charge(key, now).connections, now, 1);
}

void LimitRule::count_connection(const LimitKey& key, int change) {
  if (settings_.connections == 0) return;
  if (change > 0) {
    ++connections_[key];
  } else if (const auto found = connections_.find(key); found != connections_.end()) {
    if (--found->second <= 0) connections_.erase(found);
  }
}

// --- requests and bytes

LimitRule::Grant LimitRule::grant(const LimitKey& key, TimePoint now, std::uint64_t most) const {
  Grant grant{most};
  if (!request_rate_ && !byte_rate_) return grant;
  const DebtTable::Debts& debts = debts_->find(key);
  if (request_rate_) {
    grant.requests = request_rate_->allowance(debts.requests, now, most);
    if (grant.requests == 0)
      grant.overrun = {Limited::request_rate,
                       request_rate_->wait_for(debts.requests, now, 1).value()};
  }
  if (!byte_rate_) return grant;
  const Duration wait = byte_rate_->wait_for(debts.bytes, now, 1).value();
  if (wait == Duration::zero() || (grant.overrun && grant.overrun->wait >= wait)) return grant;
  return {0, Overrun{Limited::byte_rate, wait}};
}

void LimitRule::charge(const LimitKey& key, TimePoint now, std::uint64_t requests,
                       std::uint64_t bytes) {
  if ((!request_rate_ || requests == 0) && (!byte_rate_ || bytes == 0)) return;
  DebtTable::Debts& debts = debts_->charge(key, now);
  if (request_rate_) request_rate_->charge(debts.requests, now, requests);
  if (byte_rate_) byte_rate_->charge(debts.bytes, now, bytes);
}

// --- what came of it

bool LimitRule::may_log(TimePoint now) {
  if (now - logged_ < kLogPause) return false;
  logged_ = now;
  return true;
}

std::string error_of(const Overrun& overrun, const LimitRuleSettings& settings) {
  const std::string_view whose =
      settings.per == LimitPer::user ? "of your user" : "from your address";
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(overrun.wait).count();
  switch (overrun.what) {
    case Limited::connections:
      return fmt::format("LIMIT too many connections {}; there may be {} at a time", whose,
                         settings.connections);
    case Limited::connection_rate:
      return fmt::format("LIMIT too many new connections {}; try again in {} ms", whose, wait);
    case Limited::request_rate:
      return fmt::format("LIMIT too many requests {}; try again in {} ms", whose, wait);
    case Limited::byte_rate:
      return fmt::format("LIMIT too many bytes {}; try again in {} ms", whose, wait);
  }
  return {};
}

}  // namespace reactord
