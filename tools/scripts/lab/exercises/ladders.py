# SPDX-License-Identifier: MIT
"""Conversations of two hosts, packet by packet."""

from capture import Capture
from exercises.two_hosts import REACH
from hosts import address
from ladder import show_ladder
from packets import FIN, RST, SYN
from person import Person, converse

TITLE = "The packets"
MESSAGE = "Good morning, server"
ANSWER = "Good morning, client"
NUMBERS = {"4.40": "5", "-4.40": "-4", "4.00": "4"}
TYPED = "Good morning to you, client"
SERVER_PORT = 12350  # of first_server
SERVER_TAKES = 32  # bytes
RESETTING_CLIENT = """\
/usr/bin/python3 -c '
import socket, struct
server = socket.create_connection(("{server}", 12348))
server.sendall(b"CEIL 4.40\\n")
print(server.recv(100))
server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
server.close()'"""


def run(lab):
    lab.say("""What two programs say to each other, packet by packet, captured at the client's
            interface. Numbers are relative: each side's SYN is 0, its first byte is 1. A segment
            "seq 1-4" carries the bytes 1 to 4; "ack 5" says that all before 5 have arrived.
            (tools/lab --keep DIR keeps the captures, for tcpdump -nr and Wireshark.)""")
    lab.configure("4-packets", REACH)
    daemon = lab.daemon("4-packets")
    person = Person(lab)
    for version in (4, 6):
        orderly(lab, person, version)
    person.leave()
    several_messages(lab)
    reset_by_client(lab, daemon)
    daemon.stop()
    closed_by_server(lab)
    reset_by_server(lab)


# --- what every conversation must have

def listen_in(lab, name):
    return Capture(lab, "client", "eth0", f"4-{name}")


def see(lab, capture):
    """The one conversation of that capture, drawn."""
    capture.finished(1)
    conversation = capture.stop()[0]
    show_ladder(lab, conversation)
    return conversation


def check_handshake(lab, one, version):
    hosts = (one.client[0], one.server[0])
    lab.check(f"the client asked to connect, the server agreed (SYN, SYN), over IPv{version}",
              one.sides_of(SYN) == ["client", "server"]
              and hosts == (address("client", version), address("server", version)), one.packets)


def check_bytes(lab, one, asked, answered):
    """`asked` and `answered` are the pieces, one a segment, that each side sent."""
    for side, pieces in (("client", asked), ("server", answered)):
        segments = [packet.data for packet in one.segments(side)]
        count = f"{len(pieces)} segment{'s' if len(pieces) > 1 else ''}"
        lab.check(f"the {side} sent {b''.join(pieces)!r}, in {count}",
                  segments == pieces and one.data(side) == b"".join(pieces), segments)


def check_orderly_end(lab, one, first):
    lab.check(f"the {first} sent FIN first, then the other; no RST",
              one.sides_of(FIN)[:1] == [first] and len(one.sides_of(FIN)) == 2
              and not one.is_reset, one.packets)
    lab.check("every byte was acknowledged",
              all(one.acknowledged_bytes(side) == len(one.data(side))
                  for side in ("client", "server")), one.packets)


# --- the conversations

def orderly(lab, person, version):
    lab.say(f"A first program, over IPv{version}: it connects, says one thing, hears one from a "
            "person, and closes.")
    capture = listen_in(lab, f"orderly-ipv{version}")
    server = address("server", version)
    converse(lab, person, "client", f"first_client {server} 12345 '{MESSAGE}'", MESSAGE, ANSWER)
    one = see(lab, capture)
    check_handshake(lab, one, version)
    check_bytes(lab, one, [MESSAGE.encode()], [ANSWER.encode()])
    check_orderly_end(lab, one, "client")


def several_messages(lab):
    lab.say("""Several messages in one conversation, each a line (port 12347). The answer to one
            often carries the acknowledgement of it.""")
    capture = listen_in(lab, "several-messages")
    done = lab.on("client", f"exec 3<>/dev/tcp/{address('server', 6)}/12347\n"
                  f"for number in {' '.join(NUMBERS)}; do\n"
                  "  echo $number >&3; read answer <&3; echo $answer\n"
                  "done")
    lab.check("the answers are the next higher integers",
              done.output.split() == list(NUMBERS.values()), done.output)
    one = see(lab, capture)
    check_handshake(lab, one, 6)
    check_bytes(lab, one, [f"{number}\n".encode() for number in NUMBERS],
                [f"{answer}\n".encode() for answer in NUMBERS.values()])
    check_orderly_end(lab, one, "client")


def reset_by_client(lab, daemon):
    lab.say("""A client that does not close but resets: with SO_LINGER of 0 seconds, close()
            throws away what is not sent yet, and sends RST instead of FIN. No answer is expected
            to it.""")
    capture = listen_in(lab, "reset-by-client")
    done = lab.on("client", RESETTING_CLIENT.format(server=address("server")))
    lab.check("the client had its answer before", done.output == "b'5\\n'\n", done.output)
    one = see(lab, capture)
    check_handshake(lab, one, 4)
    check_bytes(lab, one, [b"CEIL 4.40\n"], [b"5\n"])
    lab.check("the client sent RST, and nobody FIN",
              one.sides_of(RST) == ["client"] and not one.sides_of(FIN), one.packets)
    daemon.wait_for_log(rf"{address('client')}:{one.client[1]} lost: ")
    daemon.show_log("lost:")
    lab.check("the daemon's log says that this client was lost", True)


def talk_to_first_server(lab, name, message, typed):
    """reactor-cli with the other program of a first lesson: a server that serves once."""
    capture = listen_in(lab, name)
    server = address("server")
    process = lab.open_terminal("server", f"first_server {server} {SERVER_PORT}", f"4-{name}.out")
    lab.until(lambda: "waiting" in process.output, "first_server")
    process.type(typed + "\n")
    lab.screen.output(f"(typed there: {typed})")
    done = lab.on("client",
                  f"reactor-cli --host {server} --port {SERVER_PORT} --framing raw '{message}'")
    lab.show_output("the server", process.wait().output)
    lab.check("reactor-cli has the line that was typed at the server",
              (done.output, done.status) == (typed + "\n", 0), done)
    return see(lab, capture)


def closed_by_server(lab):
    lab.say("""Now the server is a first program as well. It accepts once, receives once, sends the
            line that somebody types, and closes. So here the server is the first to send FIN.""")
    lab.on("server", "grep -nE '(accept|recv|fgets|send|close)\\(' tests/lab/first_server.c")
    one = talk_to_first_server(lab, "closed-by-server", MESSAGE, TYPED)
    check_handshake(lab, one, 4)
    check_bytes(lab, one, [MESSAGE.encode()], [f"{TYPED}\n".encode()])
    check_orderly_end(lab, one, "server")


def reset_by_server(lab):
    message = f"{MESSAGE}. How are you on this fine day?"
    lab.say(f"""The same server, and a message of {len(message)} bytes: what it has not received
            when it closes is unread, and a close with unread input is a reset (RFC 1122,
            4.2.2.13). Its answer came before that, and reactor-cli has it nonetheless.""")
    one = talk_to_first_server(lab, "reset-by-server", message, TYPED)
    check_handshake(lab, one, 4)
    check_bytes(lab, one, [message.encode()], [f"{TYPED}\n".encode()])
    lab.check("the server sent RST", one.sides_of(RST)[:1] == ["server"], one.packets)
