# SPDX-License-Identifier: MIT
"""Client and server are two processes of one host."""

from capture import Capture
from hosts import address
from person import Person, converse

TITLE = "One machine, by its own address"
MESSAGE = "Hello, is anybody there?"
ANSWER = "Good morning, client"
NOBODY = "Nobody is here. Try again later"  # operator_fallback in config/lab.toml


def run(lab):
    server = address("server")
    lab.say("""Client and server run on one machine. The server listens at the address of the
            machine's network interface, as it would for clients from elsewhere.""")
    lab.on("server", "ip -brief address")
    lab.configure("1-own-address", f"s/127.0.0.1/{server}/")
    daemon = lab.daemon("1-own-address")
    lab.say("Two captures tell where the packets go: over the interface, or not.")
    loopback = Capture(lab, "server", "lo", "1-lo")
    interface = Capture(lab, "server", "eth0", "1-eth0")

    talk(lab, server)
    loopback.finished(3)
    show_where_packets_went(lab, loopback, interface, server)
    daemon.show_log("listening", "text", "closed")
    daemon.stop()


def talk(lab, server):
    lab.say("""The client is the program that a course on sockets begins with. What it does is in
            these lines: it ends its message with nothing, and takes at most 31 bytes of the
            answer.""")
    lab.on("server", "grep -nE '(socket|connect|send|recv|close)\\(|printf.*answer' "
           "tests/lab/first_client.c")
    lab.say("""It says something at port 12345, where framing is "raw": what one receive brings is a
            message. What it says is for a person at the server. Nobody is there yet, so it is told
            so at once.""")
    done = lab.on("server", f"first_client {server} 12345 '{MESSAGE}'")
    lab.check("the client is told that nobody is there", done.output == NOBODY + "\n", done.output)
    person = Person(lab)
    lab.say("The client again. Its message appears at the person's terminal, and is answered.")
    converse(lab, person, "server", f"first_client {server} 12345 '{MESSAGE}'", MESSAGE, ANSWER)
    lab.say("The real number goes to port 12346, where nobody has to think about it.")
    done = lab.on("server", f"first_client {server} 12346 4.40")
    lab.check("the next higher integer of 4.40 is 5", done.output == "5\n", done.output)
    person.leave()


def show_where_packets_went(lab, loopback, interface, server):
    lab.say("""Both ends have the interface's address, but the kernel knows that the address is
            its own: its table "local" sends such packets through lo, and the interface sees
            none.""")
    route = lab.on("server", f"ip route get {server}")
    lab.check("the routing table says: local, by lo",
              route.output.startswith(f"local {server} dev lo"), route.output)
    seen, unseen = loopback.stop(), interface.stop()
    lab.on("server", "tcpdump --count -r $LAB/1-lo.pcap; tcpdump --count -r $LAB/1-eth0.pcap")
    ends = {(one.client[0], one.server[0]) for one in seen}
    lab.check("lo carried three conversations, all from and to the interface's address",
              len(seen) == 3 and ends == {(server, server)}, ends)
    lab.check("the interface carried none", not unseen and not interface.packets(), unseen)
