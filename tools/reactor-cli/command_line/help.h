// SPDX-License-Identifier: MIT
// What --help prints, of the program and of all that it does besides sending commands. Each fits a
// screen of 80 by 24.
#pragma once

#include <string_view>

namespace reactord::cli {

inline constexpr std::string_view kHelp =
    R"(Usage: reactor-cli [OPTION...] [COMMAND ARG... | chat | operator | --version]
Sends COMMAND to a reactord (or any Redis-like server) and prints the answer.
Without COMMAND: a prompt on a terminal, else one request a line from stdin,
pipelined. Lines follow Redis' quoting, TEXT's too: text "hello  world"
  chat, operator, upgrade   a person at the server; another daemon in its place
  doctor, top, --stat, --latency, hash   what is wrong; figures (each --help)
  --host H, -p, --port P the server (127.0.0.1 or ::1, port 12345)
  --uri URI              tcp://H:P, tls://H:P, unix:PATH, redis[s]://[U:PW@]H:P
  --tls [--cacert F] [--cert F --key F] [--sni NAME]   TLS; PEM files
  --user U, -a, --pass P log in (set REACTORCLI_AUTH rather than type P)
  --admin                the daemon's admin socket, /run/reactord/admin.sock
  --framing resp|line|raw  resp; line: each line is sent as it is, each answer
                         is a line; raw: bytes out, bytes back, no framing
  --json                 one JSON value an answer; not UTF-8: {"base64": "..."}
  --timeout T            for the connection and for each answer, as in 500ms,
                         2s, 1m (5s; raw waits for its first byte for ever)
  -r, --repeat N, -i, --interval T   send COMMAND N times, T (or seconds) apart
  -x                     COMMAND's last argument is read from stdin
  --push                 then print push messages as they come, until Ctrl-C
  reactor-cli ceil 4.40
  seq 0.5 99.5 | sed 's/^/ceil /' | reactor-cli
Exit code: 0, 1 the server answered an error, 2 usage, 3 cannot connect,
4 timed out, 5 the server broke the protocol. NO_COLOR turns colours off.
)";

inline constexpr std::string_view kOperatorHelp =
    R"(Usage: reactor-cli operator [--uri URI] [--name NAME] [--json] [--timeout T]
Shows the texts that clients send to a reactord in operator mode, and sends the
answers that you type. URI is an admin listener's; unless given, it is
unix:/run/reactord/admin.sock. NAME is what other operators see; unless given,
it is your login name.

On a terminal, messages appear above the line being typed. Enter answers the
one that the prompt names, '12 TEXT' answers number 12; /help tells the rest.

In a pipe, reads the same lines from stdin and prints one line an event:
  message ID PEER open|finished TEXT      finished|gone|expired|vanished ID
  answered|rejected|uncertain ID NAME     joined|left NAME
  waiting ID PEER STATE MILLISECONDS TEXT, operator NAME ANSWERED MISSED (/list)
or, with --json, an object. A line without a number answers the oldest message.
Goes on after the end of stdin, until the server closes (exit code 5) or a
signal; the line /quit ends it when all was answered before:

  reactor-cli operator --json </dev/null          watches
  printf '12 hi\n/quit\n' | reactor-cli operator  answers, and leaves
)";

inline constexpr std::string_view kUpgradeHelp =
    R"(Usage: reactor-cli upgrade [--uri URI] [--timeout T] [--json]
Puts another process in the place of the reactord that serves, with its
connections: after an upgrade, or for settings that need a restart. URI is the
Unix socket of an admin listener; unless given, it is
unix:/run/reactord/admin.sock.

Where systemd runs the daemon it restarts the unit, which keeps connections if
server.survive says so. Else it checks the configuration, and starts the program
that is there now as the other was started (arguments, environment, folder,
output, limits), with --take-over; if that cannot start, the other one serves
on. Waits at most T (2m) until the new one answers, and says which that is.

It takes the daemon's own user, on the same machine; for a unit, root.
Exit code: 0 another one serves, 1 none does, and why; else as ever.

  reactor-cli upgrade
  reactor-cli upgrade --uri unix:/run/mine/admin.sock --json
)";

inline constexpr std::string_view kHashHelp =
    R"(Usage: reactor-cli hash [--token]
Prints the hash that a [[user]] of reactord.toml has as its password. Asks for
the password on a terminal; in a pipe it is the first line of stdin.

  --token                make a token of 256 random bits instead, and print it
                         and its hash, a line each: for programs

  reactor-cli hash
  reactor-cli hash --token
)";

inline constexpr std::string_view kChatHelp =
    R"(Usage: reactor-cli chat [--uri URI | --host H --port P] [--framing F]
                        [--timeout T] [--json]
A conversation: each line is sent as one TEXT, answers appear as they come.
An answer may take as long as it likes, unless --timeout sets a limit.

  --framing resp         sends TEXT LINE
  --framing line         sends the line as it is, to a listener with a handler
  --framing raw          sends it without its line end

On a terminal, answers appear above the line being typed. Ctrl-D sends no more
and waits for the answers that are owed; Ctrl-D again leaves, as does Ctrl-C.
In a pipe, prints the answers in order and ends when all have come; raw, whose
answers have no end, waits for one before it sends the next line:

  printf 'hi\n' | reactor-cli chat
)";

inline constexpr std::string_view kMeasureHelp =
    R"(Usage: reactor-cli --stat | --latency | --latency-dist [-i T] [-n ROUNDS]
       reactor-cli --intrinsic-latency T
                   [--uri URI | --host H --port P | --admin] [--json]
Measures until Ctrl-C, which prints what was measured and exits with 0.

  --stat                 a line of the server's figures every second, or every T
                         (2s, 500ms, 0.5): memory, clients, requests, rates ...
  --latency              shortest, longest and mean time of PING, 100 a second,
                         in milliseconds. With -i a line every T. In a pipe one
                         line, MIN MAX AVG SAMPLES, after a second or T
  --latency-dist         how those times are distributed, a line every T
  --intrinsic-latency T  for how long this machine keeps a program waiting that
                         only computes, for T (10 is seconds): no server can
                         answer faster. Run it where the server runs
  -n, --rounds ROUNDS    so many lines, then end

  reactor-cli --latency
  reactor-cli --json --stat -i 5 -n 12
  reactor-cli --intrinsic-latency 10
)";

inline constexpr std::string_view kTopHelp =
    R"(Usage: reactor-cli top [--uri URI | --host H --port P | --admin] [-i SECONDS]
                       [-n ROUNDS] [--json]
Clients and commands, live: what each has done since the look before, once a
second, or every SECONDS. In a pipe it prints a table once, or ROUNDS times;
--json prints an object each time.

  s        sort: by requests, bytes in, bytes out, memory, idle time, age
  /        shows only those in which a text stands
  c        commands instead of clients, and back
  Enter    all that is known of the selected client
  k        kills it, after a question (with --admin)
  arrows, Home, End   select       space  looks now       q  leaves

Processor time is told of commands (CPU), not of clients.

  reactor-cli top --admin
  reactor-cli top --json -n 5 -i 2 | jq '.clients[0]'
)";

inline constexpr std::string_view kDoctorHelp =
    R"(Usage: reactor-cli doctor [--uri URI | --host H --port P | --admin] [--json]
Reads the server's figures (INFO, CLIENT LIST) and its configuration (CONFIG
GET), and says in plain words what is wrong or near a limit, and what to set.

  wrong   something has failed, or was refused to somebody
  near    a limit is close
  note    worth knowing; nothing has happened

Figures are counted since the server was started. What the server does not tell
is not judged, which is said; --admin is told most. --json prints one object.
Exit code: 0 nothing is wrong, 1 something is wrong or near, else as ever.

  reactor-cli doctor --admin
  reactor-cli doctor --json | jq -r '.findings[].set'
)";

}  // namespace reactord::cli
