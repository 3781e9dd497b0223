// SPDX-License-Identifier: MIT
#include "config/tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "config/toml_text.h"
#include "config/value_types.h"

namespace reactord {
namespace {

using namespace std::chrono_literals;

constexpr ByteCount kib(std::uint64_t count) {
  return {count << 10};
}
constexpr ByteCount mib(std::uint64_t count) {
  return {count << 20};
}
constexpr ByteCount gib(std::uint64_t count) {
  return {count << 30};
}

/// fs.nr_open, the most descriptors that the kernel lets one process have, is 1,048,576 by default.
constexpr std::int64_t kMaxConnections = 1'000'000;
constexpr std::string_view kWhyMaxConnections =
    "each needs a descriptor, of which the kernel gives one process 1048576";
constexpr std::int64_t kMaxAdminConnections = 1000;
constexpr std::string_view kWhyMaxAdminConnections =
    "they are for people and their scripts, and set apart from max_connections";
/// One buffer holds at most 2 GiB (protocol/buffers/buffer.h), and a frame shares it with what
/// follows it.
constexpr ByteCount kMaxBuffered = mib(512);
constexpr std::string_view kWhyMaxBuffered = "a connection's buffer must stay well below 2GiB";

constexpr KeySpec kServerKeys[] = {
    key<&ServerSettings::max_connections>("max_connections",
                                          "Connections at one time, over all listeners. 10,000 is "
                                          "enough for any one machine's clients: a "
                                          "descriptor each, and 256 bytes at rest. Lowered, "
                                          "with a log line, where RLIMIT_NOFILE does not "
                                          "reach. Whoever is connected when a reload "
                                          "lowers it stays.",
                                          Apply::reload, {1, kMaxConnections, kWhyMaxConnections}),
    key<&ServerSettings::max_admin_connections>(
        "max_admin_connections",
        "Connections of the admin listeners at one time. They are not counted in max_connections, "
        "so that the daemon can be administered when it is full; 16 is enough for a few people and "
        "their scripts. One more is refused, whatever when_full says.",
        Apply::restart, {1, kMaxAdminConnections, kWhyMaxAdminConnections}),
    key<&ServerSettings::max_connections_per_address>(
        "max_connections_per_address",
        "Connections from one client address (an IPv6 /64 counts as one); 0 is no limit, the "
        "default, "
        "because behind NAT or a proxy many honest clients share an address.",
        Apply::reload, {0, kMaxConnections, kWhyMaxConnections}),
    key<&ServerSettings::when_full>("when_full",
                                    "What happens at max_connections: \"refuse\" says so to the "
                                    "client and closes, so that nobody "
                                    "waits without knowing; \"wait\" leaves it in the kernel's "
                                    "backlog until a connection ends.",
                                    Apply::reload),
};

constexpr KeySpec kListenerKeys[] = {
    key<&ListenerSettings::name>(
        "name",
        "What logs, CONFIG GET and systemd (FileDescriptorName=) call it: letters, digits, '.', "
        "'_' and "
        "'-'. Without one it is called listener1, listener2, ... by its place in the file.",
        Apply::reload, {1, 64}),
    key<&ListenerSettings::addresses>("address",
                                      "Where it listens, one or a list: \"127.0.0.1:12345\", "
                                      "\"[::1]:12345\", \"unix:PATH\", or \"systemd\" "
                                      "for every passed socket of its name. Port 0 lets the kernel "
                                      "choose; the log says which. The "
                                      "default is reachable from this machine alone.",
                                      Apply::reload, {1, 64}),
    key<&ListenerSettings::role>(
        "role",
        "Who it is for: \"public\", clients, or \"admin\", administrators. An admin listener "
        "knows OPERATOR, LOG LEVEL, RELOAD, SHUTDOWN and CLIENT KILL, has connections of its own "
        "(max_admin_connections), and takes commands from this machine alone: Unix sockets, "
        "loopback, or local sockets from systemd.",
        Apply::reload),
    key<&ListenerSettings::framing>("framing",
                                    "How bytes become requests: \"command\" (RESP and inline "
                                    "commands, told apart by the first byte), "
                                    "\"line\" (each line goes to one handler) or \"raw\" (each "
                                    "received chunk does, as best it can).",
                                    Apply::reload),
    key<&ListenerSettings::handler>(
        "handler", "line and raw only: the handler that answers, such as \"ceil\" or \"text\".",
        Apply::reload),
    key<&ListenerSettings::inline_replies>(
        "inline_replies",
        "How an inline command is answered: \"plain\" as a person reads it, or \"resp\" for tools "
        "that "
        "send inline and parse RESP (redis-benchmark -t ping_inline).",
        Apply::reload),
    key<&ListenerSettings::allow>("allow",
                                  "Address blocks that may connect: \"10.0.0.0/8\", "
                                  "\"2001:db8::/32\" or single addresses. Empty, the "
                                  "default, is everyone: the address above already says who can "
                                  "reach it. \"::/0\" is everyone "
                                  "too; \"0.0.0.0/0\" is all of IPv4.",
                                  Apply::reload),
    key<&ListenerSettings::allow_commands>(
        "allow_commands",
        "Classes of command it knows: \"all\", or a list of \"public\", \"introspection\" (CLIENT "
        "LIST, "
        "CONFIG GET, ...) and \"admin\" (CLIENT KILL, SHUTDOWN, ...). \"by_address\", the default, "
        "is "
        "all on an admin listener; on others it is public, and introspection too where every "
        "address is on loopback or a Unix socket.",
        Apply::reload),
    key<&ListenerSettings::mode>("mode",
                                 "Permission bits of its Unix sockets: owner and group, because "
                                 "connecting needs write permission.",
                                 Apply::reload),
    key<&ListenerSettings::group>(
        "group",
        "Group of its Unix sockets' files, by name, whose members may connect as the mode allows. "
        "Empty, the default, is the process's own group.",
        Apply::reload, {0, 256}),
    key<&ListenerSettings::backlog>(
        "backlog",
        "Connections that wait in the kernel to be accepted. 4096 is the kernel's own ceiling by "
        "default "
        "(net.core.somaxconn), so that a burst waits and does not fail.",
        Apply::reload, {1, 65'535}),
};

constexpr KeySpec kLimitKeys[] = {
    key<&LimitSettings::max_frame>(
        "max_frame",
        "Bytes of one request. 16MiB is larger than any message a person would send; raise "
        "deadlines.frame with it.",
        Apply::reload, size_range(kib(1), kMaxBuffered, kWhyMaxBuffered)),
    key<&LimitSettings::max_arguments>(
        "max_arguments",
        "Arguments of one request. Redis' own limit; max_frame bounds the bytes, and nothing is "
        "allocated for what is only announced.",
        Apply::reload, {8, std::int64_t{16} << 20, "HELLO with all of its options has 7"}),
    key<&LimitSettings::max_inline>(
        "max_inline",
        "Bytes of one inline command, and of one line of a line listener. Redis' own limit.",
        Apply::reload, size_range({64}, kMaxBuffered, kWhyMaxBuffered)),
    key<&LimitSettings::output_high_water>("output_high_water",
                                           "Unsent reply bytes at which a connection is read no "
                                           "further until its client has caught up: what "
                                           "a slow reader costs. One long reply may exceed it.",
                                           Apply::reload,
                                           size_range(kib(1), kMaxBuffered, kWhyMaxBuffered)),
    key<&LimitSettings::max_buffer_memory>(
        "max_buffer_memory",
        "Bytes that all connections' buffers may take together; above it the largest holder is "
        "closed. "
        "256MiB is 256 stalled connections at their high-water mark.",
        Apply::reload, size_range(kib(64), gib(1024))),
};

constexpr KeySpec kDeadlineKeys[] = {
    key<&DeadlineSettings::first_request>("first_request",
                                          "From accept to the end of the first request. 60s is "
                                          "long enough to type one by hand; set it to "
                                          "\"off\" for clients that connect long before they ask.",
                                          Apply::reload, duration_range(0ms, 24h)),
    key<&DeadlineSettings::frame>("frame",
                                  "From a request's first byte to its last, not extended by each "
                                  "byte, so that a trickle is cut. "
                                  "16MiB in 30s is 4.5Mbit/s.",
                                  Apply::reload, duration_range(0ms, 24h)),
    key<&DeadlineSettings::idle>(
        "idle",
        "Without a request for this long, a connection is closed. Off, because connection pools "
        "keep "
        "connections open for hours.",
        Apply::reload, duration_range(0ms, 24h * 24, "the kernel counts 32 bits of milliseconds")),
    key<&DeadlineSettings::write_stall>("write_stall",
                                        "Replies wait, and the client's side has accepted no byte "
                                        "for this long: it is gone, or it does "
                                        "not read. Also TCP_USER_TIMEOUT.",
                                        Apply::reload, duration_range(0ms, 24h)),
    key<&DeadlineSettings::drain>("drain",
                                  "From SIGTERM to exit, while what has been received is answered. "
                                  "Far below the 90s after which "
                                  "systemd kills.",
                                  Apply::reload, duration_range(10ms, 1h)),
    key<&DeadlineSettings::linger>(
        "linger",
        "How long a closed connection is still read, and what it says discarded, so that its last "
        "replies arrive and are not lost to a reset.",
        Apply::reload, duration_range(10ms, 60s, "a closed connection keeps its slot that long")),
};

constexpr KeySpec kLogKeys[] = {
    key<&LogSettings::level>(
        "level",
        "The least that is logged. info is what an operator acts on; debug has a line for each "
        "connection.",
        Apply::reload),
    key<&LogSettings::target>("target",
                              "\"stderr\", which systemd's journal and every supervisor read, or "
                              "the path of a file, which SIGHUP "
                              "reopens after it was rotated.",
                              Apply::reload, {1, 4095}),
    key<&LogSettings::slow_handler>(
        "slow_handler",
        "A handler that holds the loop for longer than this is told in a warning, since everyone "
        "waits for it. Long before people notice.",
        Apply::reload, duration_range(1ms, 1h)),
};

template <auto Member>
constexpr ConfigTable table(std::string_view name, std::span<const KeySpec> keys) {
  return {name, keys, [](Config& config) -> void* { return &(config.*Member); },
          [](const Config& config) -> const void* { return &(config.*Member); }};
}

constexpr ConfigTable kSingleTables[] = {
    table<&Config::server>("server", kServerKeys),
    table<&Config::limits>("limits", kLimitKeys),
    table<&Config::deadlines>("deadlines", kDeadlineKeys),
    table<&Config::log>("log", kLogKeys),
};

bool any_unix(const ListenerSettings& listener) {
  return std::any_of(listener.addresses.begin(), listener.addresses.end(),
                     [](const Endpoint& at) { return at.kind == Endpoint::Kind::unix_path; });
}

bool all_unix(const ListenerSettings& listener) {
  return !listener.addresses.empty() &&
         std::all_of(listener.addresses.begin(), listener.addresses.end(),
                     [](const Endpoint& at) { return at.kind == Endpoint::Kind::unix_path; });
}

void add_settings(std::vector<Setting>& out, std::string_view path, std::span<const KeySpec> keys,
                  const void* settings) {
  for (const KeySpec& spec : keys) {
    out.push_back({fmt::format("{}.{}", path, spec.name), plain_text(spec.get(settings))});
  }
}

constexpr std::size_t kPrintColumns = 100;

/// `text` as comment lines, broken between words.
void print_comment(std::string& out, std::string_view text) {
  std::string line(1, '#');
  while (!text.empty()) {
    const std::size_t blank = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, blank);
    text.remove_prefix(std::min(blank + 1, text.size()));
    if (line.size() + 1 + word.size() > kPrintColumns) {
      out += line + "\n";
      line.resize(1);
    }
    line += " ";
    line += word;
  }
  out += line + "\n";
}

void print_key(std::string& out, const KeySpec& spec, const void* settings) {
  print_comment(out, spec.help);
  if (spec.apply == Apply::restart) print_comment(out, "Needs a restart.");
  out += fmt::format("{} = {}\n\n", spec.name, toml_value(spec.get(settings)));
}

void print_listener(std::string& out, const ListenerSettings& listener) {
  out += "[[listener]]\n";
  for (const KeySpec& spec : kListenerKeys) {
    const std::string_view unused = why_unused(spec.name, listener);
    if (unused.empty()) {
      print_key(out, spec, &listener);
    } else {
      print_comment(out, fmt::format("{}: not used here; {}.", spec.name, unused));
      out += "\n";
    }
  }
}

void print_table(std::string& out, std::string_view name, std::span<const KeySpec> keys,
                 const void* settings) {
  out += fmt::format("[{}]\n", name);
  for (const KeySpec& spec : keys) print_key(out, spec, settings);
}

}  // namespace

std::span<const KeySpec> server_keys() {
  return kServerKeys;
}
std::span<const KeySpec> listener_keys() {
  return kListenerKeys;
}
std::span<const KeySpec> limit_keys() {
  return kLimitKeys;
}
std::span<const KeySpec> deadline_keys() {
  return kDeadlineKeys;
}
std::span<const KeySpec> log_keys() {
  return kLogKeys;
}
std::span<const ConfigTable> single_tables() {
  return kSingleTables;
}

const void* handler_settings(const Config& config, std::string_view name) {
  const auto found = config.handlers.find(name);
  return found == config.handlers.end() ? nullptr : found->second.get();
}

const ListenerSettings* find_listener(const Config& config, std::string_view name) {
  const auto found = std::find_if(config.listeners.begin(), config.listeners.end(),
                                  [&](const ListenerSettings& each) { return each.name == name; });
  return found == config.listeners.end() ? nullptr : &*found;
}

std::string listener_path(const ListenerSettings& listener) {
  return fmt::format("listener.{}", listener.name);
}

std::string addresses_of(const ListenerSettings& listener) {
  return plain_text(ValueTraits<std::vector<Endpoint>>::show(listener.addresses));
}

std::string_view why_unused(std::string_view key, const ListenerSettings& listener) {
  const bool command = listener.framing == ListenerFraming::command;
  if (key == "handler" && command) {
    return "a command listener has no handler of its own: each request names its command";
  }
  if (key == "inline_replies" && !command) return "only a command listener has inline commands";
  if (key == "allow_commands" && !command) {
    return "only a command listener knows commands; this one has its handler";
  }
  if (key == "mode" && !any_unix(listener)) return "only Unix sockets have a mode";
  if (key == "group" && !any_unix(listener)) return "only Unix sockets have a group";
  if (key == "allow" && all_unix(listener)) {
    return "peers of a Unix socket have no address; its mode says who may connect";
  }
  return {};
}

std::vector<Setting> settings_of(const Config& config, std::span<const HandlerTableSpec> handlers) {
  std::vector<Setting> out;
  for (const ConfigTable& each : kSingleTables) {
    add_settings(out, each.name, each.keys, each.view(config));
  }
  for (const ListenerSettings& listener : config.listeners) {
    add_settings(out, listener_path(listener), kListenerKeys, &listener);
  }
  for (const HandlerTableSpec& handler : handlers) {
    const void* settings = handler_settings(config, handler.name);
    if (settings == nullptr) continue;
    add_settings(out, fmt::format("handlers.{}", handler.name), handler.keys, settings);
  }
  return out;
}

std::string print_config(const Config& config, std::span<const HandlerTableSpec> handlers) {
  std::string out;
  for (const ConfigTable& each : kSingleTables) {
    print_table(out, each.name, each.keys, each.view(config));
    if (each.name != "server") continue;
    for (const ListenerSettings& listener : config.listeners) print_listener(out, listener);
  }
  for (const HandlerTableSpec& handler : handlers) {
    const void* settings = handler_settings(config, handler.name);
    if (settings == nullptr || handler.keys.empty()) continue;
    print_table(out, fmt::format("handlers.{}", handler.name), handler.keys, settings);
  }
  out.pop_back();  // the blank line behind the last key
  return out;
}

}  // namespace reactord
