// SPDX-License-Identifier: MIT
// The daemon's configuration as plain structs. The defaults here are the defaults; every number
// says why it is that number. How each is named, checked and shown is declared in tables.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/address.h"
#include "config/schema.h"
#include "config/users/user_settings.h"

namespace reactord {

enum class WhenFull : std::uint8_t {
  refuse,  ///< accept, say why, close
  wait,    ///< leave it in the kernel's backlog until a connection ends
};

/// What connections outlive.
enum class Survive : std::uint8_t {
  no,       ///< nothing: a restart drains them
  restart,  ///< a planned restart: the next process goes on with them
  crash     ///< that, and whatever ends the process without its doing: those at rest go on
};

struct ServerSettings {
  /// Enough for any one machine's clients; a descriptor each, and 272 bytes at rest.
  std::int64_t max_connections = 10'000;
  /// A few people and their scripts; kept free for them when max_connections are there.
  std::int64_t max_admin_connections = 16;
  /// Of HTTP listeners: a few scrapers, balancers and browsers; all at once are a millisecond's
  /// work.
  std::int64_t max_http_connections = 32;
  /// Off: behind NAT or a proxy many honest clients share one address.
  std::int64_t max_connections_per_address = 0;
  WhenFull when_full = WhenFull::refuse;
  /// Those on the way to a connection, whose PROXY header or the like is not complete. At a tenth
  /// of a second each, a burst of as many as may be connected is through in a second; and it leaves
  /// the slots of who is served to them.
  std::int64_t max_handshakes = 1000;
  /// Threads for handlers' offloaded work, which mostly waits: for disks, other servers, libraries.
  std::int64_t workers = 4;
  /// A second's work of 4 threads at 4 ms a piece: more would only wait longer to be answered.
  std::int64_t max_offloaded = 1000;
  /// Connections that have to log in and have not: a few pools that connect at once, and 16 MiB.
  std::int64_t max_before_login = 1000;
  Survive survive = Survive::no;
};

/// Whom a listener is for. Connections of an admin listener have slots of their own.
enum class ListenerRole : std::uint8_t {
  open,   ///< clients ("public")
  admin,  ///< who runs the daemon: commands alone, and from this machine alone
  http    ///< who watches it: metrics and checks, by HTTP alone
};

/// What a client must have shown before it may run commands.
enum class Requirement : std::uint8_t {
  nothing,
  user,         ///< a user: by AUTH, a certificate, or who it is at a Unix socket
  certificate,  ///< a certificate with the name of a user
};

enum class ListenerFraming : std::uint8_t { command, line, raw };
enum class InlineReplies : std::uint8_t { plain, resp };

/// Which classes of command a listener knows: a list of "public", "introspection" and "admin",
/// "all", or "by_address", the default.
struct AllowedCommands {
  /// All on an admin listener; public on others, and introspection where every address is local
  /// (is_local()).
  bool by_address = true;
  bool public_commands = true;
  bool introspection = true;
  bool admin = true;
  bool operator==(const AllowedCommands&) const = default;
};

/// Permission bits of a Unix socket, written "0660".
struct FileMode {
  std::uint32_t bits = 0;
  bool operator==(const FileMode&) const = default;
};

/// Some peers: an address block, or whoever is at the other end of a Unix socket ("unix").
struct PeerBlock {
  bool is_unix = false;
  IpNetwork network;
  bool operator==(const PeerBlock&) const = default;
};

/// Whether a listener's clients must show a certificate.
enum class ClientAuth : std::uint8_t { no, optional, required };
enum class TlsVersion : std::uint8_t { tls1_2, tls1_3 };

/// [listener.tls].
struct TlsSettings {
  /// PEM files: a server's own one, then its chain.
  std::vector<std::string> certificate = {};
  /// PEM files, one for each of them; none: it stands in the same.
  std::vector<std::string> key = {};
  std::string client_ca = {};  ///< a PEM file: whose certificates clients may show
  ClientAuth client_auth = ClientAuth::no;
  /// Older ones are broken (RFC 8996).
  TlsVersion min_version = TlsVersion::tls1_2;
  /// Of TLS 1.2, in OpenSSL's words: RFC 9325's, the cheaper ones first. Those of TLS 1.3 are all
  /// good.
  std::string ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
};

class HandshakeContext;

struct ListenerSettings {
  /// What logs, CONFIG GET and systemd (FileDescriptorName=) call it; "listener1" and so on by its
  /// place in the file when it has none.
  std::string name;
  std::vector<Endpoint> addresses;
  ListenerRole role = ListenerRole::open;
  ListenerFraming framing = ListenerFraming::command;
  std::string handler;  ///< line and raw only: the handler that answers every line or chunk
  InlineReplies inline_replies = InlineReplies::plain;
  std::vector<IpNetwork> allow;  ///< empty: everyone
  /// The same to look addresses up in, where it was made beside the loop; null: not made yet.
  std::shared_ptr<const NetworkSet> allow_set;
  std::vector<PeerBlock> proxy;  ///< who may send a PROXY header; empty: nobody does
  AllowedCommands allow_commands;
  Requirement require = Requirement::nothing;
  /// Unix sockets: owner and group, as for a socket in a directory that already says who may enter.
  FileMode mode{0660};
  std::string group;  ///< of its Unix sockets; empty: the process's own
  /// The kernel's own ceiling (net.core.somaxconn) is 4096 by default; a burst of that size waits,
  /// not fails.
  std::int64_t backlog = 4096;
  std::optional<TlsSettings> tls;  ///< nothing: it speaks plain TCP
  /// The same, loaded beside the loop; null: not loaded yet.
  std::shared_ptr<HandshakeContext> handshakes;
  int line = 0;  ///< where the file declares it, for messages; 0 for built-in ones
};

/// Each costs every request of its listeners a look.
inline constexpr std::size_t kMaxLimitRules = 16;
/// Each may have many handlers.
inline constexpr std::size_t kMaxModules = 64;

/// A shared object with handlers.
struct ModuleSettings {
  std::string path;
};

/// So many in so long, written "100/s", "30/m" or "1000/h"; a count of 0 is no limit ("off").
struct Rate {
  std::uint64_t count = 0;
  std::chrono::seconds period{1};
  bool operator==(const Rate&) const = default;
};
/// The same of bytes: "1MiB/s".
struct ByteRate {
  Rate rate;
  bool operator==(const ByteRate&) const = default;
};

/// Who is one client.
enum class LimitPer : std::uint8_t { address, user };
/// What becomes of requests over a limit.
enum class LimitAction : std::uint8_t {
  refuse,  ///< each is answered with an error that says how long to wait
  slow,    ///< the client's input waits, and nobody else's
  close,   ///< an error, and the end
};

/// A [[limit]]: what each client may have. Nothing is limited by default.
struct LimitRuleSettings {
  std::string name;
  LimitPer per = LimitPer::address;
  std::vector<std::string> listeners;  ///< by name; empty: all but admin ones
  std::int64_t connections = 0;        ///< at one time; 0 is no limit
  Rate connection_rate;
  std::int64_t connection_burst = 0;  ///< 0: as many as come in a second, for each of the bursts
  Rate request_rate;
  std::int64_t request_burst = 0;
  ByteRate byte_rate;
  ByteCount byte_burst{0};
  LimitAction action = LimitAction::refuse;
  bool dry_run = false;
  std::vector<PeerBlock> exempt;
  /// What one subscriber gets (RFC 6177).
  std::int64_t ipv6_prefix = 64;
  /// 40 bytes each, where they are used: 2.5 MiB.
  std::int64_t clients = 65'536;
};

struct LimitSettings {
  ByteCount max_frame{16u << 20};           ///< large enough for any message a person would send
  std::int64_t max_arguments = 1u << 20;    ///< Redis' own; bounded in practice by max_frame
  ByteCount max_inline{64u << 10};          ///< Redis' own
  ByteCount output_high_water{1u << 20};    ///< a slow reader costs at most this
  ByteCount max_buffer_memory{256u << 20};  ///< 256 stalled connections at their high-water mark
};

/// Zero is off, but for `handshake`, `drain` and `linger`, which are never zero.
struct DeadlineSettings {
  /// From accept to the end of a PROXY header and the like: a few round trips over a bad network.
  std::chrono::milliseconds handshake{10'000};
  /// From accept to the end of the first request; long enough to type one by hand.
  std::chrono::milliseconds first_request{60'000};
  /// From accept to the login, where a listener requires one; a password is typed before that.
  std::chrono::milliseconds login{10'000};
  /// From a frame's first byte to its last, not extended by each byte: 16 MiB in 30 s is 4.5
  /// Mbit/s.
  std::chrono::milliseconds frame{30'000};
  /// 0 is off: connection pools keep connections open for hours.
  std::chrono::milliseconds idle{0};
  /// No byte accepted by the peer's kernel for this long.
  std::chrono::milliseconds write_stall{30'000};
  /// From SIGTERM or DRAIN ON, while HEALTH says so and all else goes on. 0 is off: without a
  /// balancer that asks, it is lost time.
  std::chrono::milliseconds leave{0};
  /// From there to exit; with `leave` below systemd's TimeoutStopSec of 90 s by far.
  std::chrono::milliseconds drain{10'000};
  /// How long a closed connection is read and discarded so that its last replies arrive.
  std::chrono::milliseconds linger{2'000};
};

enum class LogLevel : std::uint8_t { trace, debug, info, warning, error, off };
enum class LogFormat : std::uint8_t { text, json, logfmt };

struct LogSettings {
  LogLevel level = LogLevel::info;
  std::string target = "stderr";  ///< "stderr", or the path of a file that SIGHUP reopens
  LogFormat format = LogFormat::text;
  /// "connected = info": kinds of events that have another level than their own; "closed_*" is all
  /// that begin so.
  std::vector<std::string> levels = {};
  /// One in so many requests is logged, each where it is 1, none where it is 0.
  std::int64_t access_sample = 0;
  std::string access_target = "stderr";
  /// Formatting one takes the loop some microseconds: 1% of it.
  std::int64_t access_max_per_second = 2000;
  bool access_arguments = false;  ///< shortened, without secrets
  /// A call into a handler that holds the loop for longer is told: long before people notice.
  std::chrono::milliseconds slow_handler{100};
};

struct SlowlogSettings {
  /// A command that takes longer is on record (SLOWLOG): Redis' own default.
  std::chrono::milliseconds slower_than{10};
  /// The same of a command whose reply comes later, from a worker or a backend: nobody else waits
  /// for it, and one over a network takes some time at best.
  std::chrono::milliseconds deferred_slower_than{1000};
  /// The latest so many.
  std::int64_t max_requests = 128;
};

struct LatencySettings {
  /// A turn of the loop that takes longer is on record (LATENCY): five times what one may take.
  std::chrono::milliseconds slow_turn{10};
};

/// One settings struct per handler, of the handler's own type.
using HandlerSettings = std::map<std::string, std::shared_ptr<void>, std::less<>>;

struct Config {
  ServerSettings server;
  std::vector<ListenerSettings> listeners;  ///< never empty once loaded
  LimitSettings limits;
  DeadlineSettings deadlines;
  LogSettings log;
  SlowlogSettings slowlog;
  LatencySettings latency;
  std::vector<LimitRuleSettings> limit_rules;
  std::vector<UserSettings> users;
  std::vector<ModuleSettings> modules;
  HandlerSettings handlers;
};

/// The listener of a configuration that declares none: commands on 127.0.0.1:12345 and [::1]:12345.
[[nodiscard]] ListenerSettings default_listener();

/// The configuration of an empty file, with the defaults of `handlers`.
[[nodiscard]] Config default_config(std::span<const HandlerTableSpec> handlers);

}  // namespace reactord
