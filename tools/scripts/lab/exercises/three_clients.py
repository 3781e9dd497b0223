# SPDX-License-Identifier: MIT
"""Three clients at the same time, and what happens to the fourth."""

from capture import Capture
from exercises.two_hosts import REACH
from hosts import address
from person import Person

TITLE = "Three clients at the same time, and a fourth"
ROUNDS = 3
PORT = 12347
SERVER_ERROR = 1  # exit status of reactor-cli
PROGRAMS = {
    "ann": f"nc -N {address('server')} {PORT}",
    "bob": f"reactor-cli --host {address('server')} --port {PORT} --framing line",
    "eve": f"nc -N {address('server', 6)} {PORT}",
}


def run(lab):
    lab.say("""The daemon of this exercise takes three clients at a time. (The admin socket has
            places of its own.)""")
    daemon = limited_daemon(lab, "refuse")
    three_wait_for_a_person(lab)
    lab.say("""Now three people are connected at the same time and write in turns. A server that
            served one client after the other would let the second wait until the first has gone;
            here each has its answer before the next writes.""")
    daemon.mark()
    capture = Capture(lab, "server", "eth0", "5-three-clients", f"tcp port {PORT}")
    people = connect(lab, daemon)
    talk_in_turns(lab, people)
    list_clients(lab)
    fourth_is_refused(lab, daemon)
    for person in people.values():
        person.leave()
    check_interleaved(lab, capture)
    daemon.stop()
    fourth_waits(lab)


def limited_daemon(lab, when_full):
    name = f"5-{when_full}"
    lab.configure(name, REACH)
    lab.on("server", f"printf '[server]\\nmax_connections = 3\\nwhen_full = \"{when_full}\"\\n' "
           f">> $LAB/{name}.toml")
    return lab.daemon(name)


def three_wait_for_a_person(lab):
    person = Person(lab)
    lab.say("""Three first programs say something. The person reads all three, and answers the
            last one first. A server that takes one client at a time would not even have read
            it.""")
    clients = {}
    for name in PROGRAMS:
        client = lab.start("client", f"first_client {address('server')} 12345 'I am {name}'")
        clients[name] = (person.reads_message(f"I am {name}"), client)
    done = lab.on("server", "echo OPERATOR LIST | nc -N -U $LAB/admin.sock")
    lab.check("three messages wait at the same time",
              all(f"text: I am {name}" in done.output for name in clients), done.output)
    for name in reversed(clients):
        number, client = clients[name]
        person.answers(number, f"Hello, {name}")
        heard = client.wait().output
        lab.check(f"{name} has the answer that is meant for {name}",
                  heard == f"Hello, {name}\n", heard)
    person.leave()


class Client:
    """Somebody at a terminal with a client in it."""

    def __init__(self, lab, name, command):
        self._lab, self.name = lab, name
        self._process = lab.open_terminal("client", command, f"5-{name}.out")

    def asks(self, number, expected):
        self._process.type(f"{number}\n")
        heard = self.hears(expected)
        self._lab.screen.output(f"{self.name} types {number:>4}, and reads {heard}")

    def hears(self, expected):
        def last_line():
            lines = self._process.output.split("\n")
            return lines[-2] == expected if len(lines) > 1 else False
        self._lab.until(last_line, f"the answer {expected} to {self.name}")
        return expected

    def leave(self):
        self._process.close_input()
        self._process.wait()


def connect(lab, daemon):
    people = {name: Client(lab, name, command) for name, command in PROGRAMS.items()}
    daemon.wait_for_log(r":\d+ connected", times=len(people))
    return people


def talk_in_turns(lab, people):
    lab.screen.line()
    for turn in range(ROUNDS):
        for place, person in enumerate(people.values()):
            number = 10 * (place + 1) + turn
            person.asks(f"{number}.5", str(number + 1))
    lab.check("nine questions, nine answers, each before the next question", True)


def list_clients(lab):
    done = lab.on("server", f"ss -Htn state established sport = :{PORT}")
    peers = {line.split()[-1] for line in done.output.splitlines()}
    lab.check("three connections are established at this moment", len(peers) == 3, done.output)


def fourth_is_refused(lab, daemon):
    lab.say("""The daemon was told max_connections = 3 and when_full = "refuse". So a fourth is
            told so, and closed.""")
    done = lab.on("client", f"reactor-cli --host {address('server')} --port 12348 ceil 4.40; "
                  "echo \"status $?\"")
    lab.check("the fourth reads why", "max number of clients reached" in done.output
              and done.output.endswith(f"status {SERVER_ERROR}\n"), done.output)
    daemon.wait_for_log("refused .*: max_connections reached")
    daemon.show_log("refused")
    lab.check("the log says so, too", True)


def check_interleaved(lab, capture):
    capture.finished(len(PROGRAMS))
    lab.say("The order of the questions on the wire, by the port of who asked:")
    found = capture.stop()
    asked = sorted(((packet.seconds, one.client[1]) for one in found
                    for packet in one.segments("client")), key=lambda both: both[0])
    order = [port for _, port in asked]
    lab.screen.output(" ".join(map(str, order)))
    lab.check("the three take turns", order == order[:3] * ROUNDS and len(set(order)) == 3, order)
    opened = max(one.packets[0].seconds for one in found)
    ended = min(one.packets[-1].seconds for one in found)
    lab.check("all were connected before the first question, and until after the last",
              opened < asked[0][0] and asked[-1][0] < ended, asked)


# --- when_full = "wait"

def fourth_waits(lab):
    lab.say("""The same with when_full = "wait": the fourth is not turned away, but waits in the
            kernel's backlog until one of the three leaves.""")
    daemon = limited_daemon(lab, "wait")
    people = connect(lab, daemon)
    lab.screen.line()
    for number, person in enumerate(people.values()):
        person.asks(f"{number}.5", str(number + 1))
    fourth = lab.start("client", f"reactor-cli --host {address('server')} --port 12348 "
                       "--timeout 20s ceil 4.40", "5-fourth.out")
    daemon.wait_for_log("max_connections reached: new clients wait")
    done = lab.on("server", "until ss -Htln4 sport = :12348 | grep 'LISTEN 1 '; do sleep 0.1; done")
    lab.check("the kernel has one connection that nobody has accepted", done.status == 0, done)
    lab.check("the fourth has no answer yet", fourth.running and fourth.output == "", fourth.output)
    lab.say("Ann leaves.")
    people["ann"].leave()
    done = fourth.wait()
    lab.show_output("the fourth", done.output)
    lab.check("now the fourth is served", (done.output, done.status) == ("5\n", 0), done.output)
    for name in ("bob", "eve"):
        people[name].leave()
    daemon.stop()
