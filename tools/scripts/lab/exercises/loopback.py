# SPDX-License-Identifier: MIT
"""The same on 127.0.0.1, and why it cannot be reached from elsewhere."""

from capture import Capture
from hosts import address
from ladder import show_ladder
from packets import RST, SYN
from person import Person, converse

TITLE = "One machine, by 127.0.0.1"
MESSAGE = "Hello from the same machine"
ANSWER = "Good morning, neighbour"
CANNOT_CONNECT = 3  # exit status of reactor-cli


def run(lab):
    lab.say("""127.0.0.1 is "this machine", whichever that is. What is sent there never leaves it.
            It is where reactord listens as long as nobody says otherwise.""")
    lab.configure("2-loopback")
    daemon = lab.daemon("2-loopback")
    loopback = Capture(lab, "server", "lo", "2-lo")
    interface = Capture(lab, "server", "eth0", "2-eth0")
    serve_on_loopback(lab, loopback, interface)
    refuse_on_the_interface(lab, loopback)
    refuse_other_hosts(lab, interface)
    loopback.stop()
    interface.stop()
    daemon.stop()


def serve_on_loopback(lab, loopback, interface):
    person = Person(lab)
    converse(lab, person, "server", f"first_client 127.0.0.1 12345 '{MESSAGE}'", MESSAGE, ANSWER)
    person.leave()
    lab.say('The routing table says why it stayed inside: all of 127.0.0.0/8 is "local", by lo.')
    route = lab.on("server", "ip route get 127.0.0.1; ip route show table local")
    lab.check("127.0.0.1 is local, by lo", route.output.startswith("local 127.0.0.1 dev lo"),
              route.output)
    found = loopback.finished(1)
    lab.check("the conversation was on lo", found[0].client[0] == "127.0.0.1", found)
    lab.check("and not on the interface", not interface.packets(), interface.packets())


def refused(lab, host, server, capture, where):
    """A client that tries, what it says, and the two packets of it."""
    before = len(capture.conversations())
    done = lab.on(host, f"reactor-cli --host {server} --port 12348 ping; echo \"status $?\"")
    lab.check(f"the client of {where} is told: refused",
              "refused" in done.output and f"status {CANNOT_CONNECT}" in done.output, done.output)
    one = capture.finished(before + 1)[before]
    show_ladder(lab, one)
    lab.check("the kernel answered its SYN with RST",
              one.sides_of(SYN) == ["client"] and one.sides_of(RST) == ["server"]
              and len(one.packets) == 2, one.packets)


def refuse_on_the_interface(lab, loopback):
    server = address("server")
    lab.say("""Nobody listens at the interface's address now: the daemon is bound to 127.0.0.1,
            and a connection to another address is not for it, not even from the same machine.""")
    lab.on("server", "ss -Hltn")
    refused(lab, "server", server, loopback, "the same machine")


def refuse_other_hosts(lab, interface):
    server = address("server")
    lab.say("From another machine it is the same; these packets do travel over the interface.")
    refused(lab, "client", server, interface, "another machine")
    lab.say("And 127.0.0.1 over there is the machine over there: no packet comes here.")
    before = len(interface.packets())
    done = lab.on("client", "ip route get 127.0.0.1; reactor-cli --port 12348 ping")
    lab.check("it reached only itself, where nobody listens", "refused" in done.output, done.output)
    lab.check("nothing of that was on the interface", len(interface.packets()) == before)
