# SPDX-License-Identifier: MIT
"""Two machines: a good cable, no cable, a bad cable."""

import re

from capture import Capture
from hosts import DELAY_MS, address, slow_down
from ladder import show_ladder
from person import Person, converse

TITLE = "Two machines: a good cable, a pulled one, a bad one"
MESSAGE = "Hello from another machine"
ANSWER = "Welcome, stranger"
TIMED_OUT = 4  # exit status of reactor-cli
QUESTIONS = 20

REACH = f"s/127.0.0.1/{address('server')}/; s/::1/{address('server', 6)}/"
# Short, so that it can be watched. The defaults are for networks that recover.
DEADLINES = '[deadlines]\\nidle = "5s"\\nwrite_stall = "2s"\\n'


def run(lab):
    lab.say("""Server and client are on two machines with a cable between them. The daemon listens
            at the server's own addresses, IPv4 and IPv6. (It warns that anybody can reach it, and
            is right; in earnest there would be an allow list.)""")
    lab.configure("3-two-hosts", REACH)
    lab.on("server", f"printf '{DEADLINES}' >> $LAB/3-two-hosts.toml")
    daemon = lab.daemon("3-two-hosts")
    person = Person(lab)
    talk_over_the_cable(lab, person)
    pull_the_cable_before_the_answer(lab, daemon, person)
    answer_without_a_person(lab, person)
    survive_a_short_break(lab)
    pull_the_cable(lab, daemon)
    talk_over_a_bad_cable(lab)
    daemon.stop()


def talk_over_the_cable(lab, person):
    capture = Capture(lab, "server", "eth0", "3-good-cable")
    for version in (4, 6):
        server = address("server", version)
        converse(lab, person, "client", f"first_client {server} 12345 '{MESSAGE}'", MESSAGE, ANSWER)
    found = capture.finished(2)
    capture.stop()
    lab.check("both conversations came over the interface",
              [(one.client[0], one.server[0]) for one in found]
              == [(address("client", version), address("server", version)) for version in (4, 6)],
              found)


# --- the cable is pulled

def pull_the_cable_before_the_answer(lab, daemon, person):
    lab.say("""A client asks, and while the person thinks, the cable of the client's machine is
            pulled. The person answers nonetheless. The answer is sent again and again, until
            "write_stall" (2 s here) has passed; then the daemon gives the client up, and tells
            the person that nobody knows whether the answer arrived. What is lost is the answer,
            which was never acknowledged; the client knows that it has none.""")
    daemon.mark()
    client = lab.start("client", f"reactor-cli --host {address('server')} --port 12345 "
                       "--framing raw --timeout 3s 'Are you still there?'; echo \"status $?\"")
    number = person.reads_message("Are you still there?")
    lab.on("client", "ip link set eth0 down")
    person.answers(number, "Yes, I am")
    show_ending(lab, daemon)
    person.reads(f"uncertain {number}")
    lab.check("the person is told that the delivery is uncertain", True)
    done = client.wait()
    lab.show_output("the client", done.output)
    lab.check("the client says that no answer came, and ends with status 4",
              "no answer" in done.output and f"status {TIMED_OUT}" in done.output, done.output)
    lab.on("client", "ip link set eth0 up")


def answer_without_a_person(lab, person):
    lab.say("""What follows are more messages than a person likes to answer. So the mode is
            changed while the daemon runs: from now on a message is its own answer.""")
    lab.on("server", "sed -i 's/\"operator\"/\"template\"/' $LAB/3-two-hosts.toml && "
           "reactor-cli --uri unix:$LAB/admin.sock reload")
    person.reads("mode template")
    person.leave()


def talker(lab, count, pause, timeout, name):
    """A client that numbers its messages, and prints each answer."""
    return lab.start(
        "client", f"for n in $(seq {count}); do echo text message-$n; sleep {pause}; done | "
        f"reactor-cli --host {address('server')} --port 12348 --timeout {timeout}; "
        "echo \"status ${PIPESTATUS[1]}\"", name)


def answers_in(output):
    return [int(number) for number in re.findall(r"^message-(\d+)$", output, re.M)]


def first_numbers(count):
    return list(range(1, count + 1))


def survive_a_short_break(lab):
    lab.say("""A client numbers its messages. In the middle of it the cable of its machine is
            pulled, and put back after a moment. TCP sends again what was lost; neither side
            notices more than a pause.""")
    client = talker(lab, 60, 0.02, "5s", "3-short-break.out")
    lab.until(lambda: len(answers_in(client.output)) >= 10, "ten answers")
    lab.on("client", "ip link set eth0 down; sleep 0.3; ip link set eth0 up")
    done = client.wait(20)
    lab.show_output("the client", "\n".join(done.output.splitlines()[-3:]))
    lab.check("all 60 messages were answered, in order",
              answers_in(done.output) == first_numbers(60), done.output)
    lab.check("the client's exit status is 0", done.output.endswith("status 0\n"), done.output)


def pull_the_cable(lab, daemon):
    lab.say("""Once more, and this time the cable stays out. The client was told to wait a second
            for each answer.""")
    capture = Capture(lab, "server", "eth0", "3-pulled-cable")
    daemon.mark()
    client = talker(lab, 1000, 0.02, "1s", "3-pulled-cable.out")
    lab.until(lambda: len(answers_in(client.output)) >= 10, "ten answers")
    lab.on("client", "ip link set eth0 down")
    said = client.wait(20).output
    lab.show_output("the client", "\n".join(said.splitlines()[-4:]))
    lab.check("the client says that no answer came in time, and ends with status 4",
              f"status {TIMED_OUT}" in said and "no answer" in said, said)
    what_the_daemon_does(lab, daemon)
    what_is_lost(lab, daemon, answers_in(said), capture.stop()[0])
    plug_in_again(lab)


def what_the_daemon_does(lab, daemon):
    lab.say("""The server hears nothing of it: a pulled cable looks like a client that has nothing
            to say. Two deadlines watch for that. While an answer is under way, TCP sends it again
            and again until "write_stall" has passed, here 2 s. While none is, "idle" ends the
            connection, here after 5 s. (Without it, keep-alive probes would after some minutes.)
            All others are served meanwhile.""")
    done = lab.on("server", f"reactor-cli --host {address('server')} --port 12348 ceil 4.40")
    lab.check("the daemon serves others meanwhile", done.output == "5\n", done.output)
    show_ending(lab, daemon)


def what_is_lost(lab, daemon, answered, conversation):
    lab.say("""What is lost? What the server's TCP has acknowledged, the daemon has read, logged
            and answered. What the client sent after that is lost, and the client knows: no answer
            came.""")
    logged = [int(number) for number in re.findall(r"text: message-(\d+)", daemon.new_log)]
    acknowledged = conversation.data("client")[:conversation.acknowledged_bytes("client")]
    arrived = [int(number) for number in re.findall(rb"message-(\d+)\r\n", acknowledged)]
    lab.screen.output(f"acknowledged by the server's TCP: 1 to {max(arrived)}\n"
                      f"logged by the daemon:             1 to {max(logged)}\n"
                      f"answers that the client has:      1 to {max(answered)}")
    lab.check("every message that was acknowledged reached the daemon, in order",
              logged == first_numbers(len(logged)) and arrived == logged[:len(arrived)],
              f"{arrived}\n{logged}")
    lab.check("every answer that the client has is to a message that the daemon logged",
              answered == first_numbers(len(answered)) and len(answered) <= len(logged), answered)


def plug_in_again(lab):
    lab.say("The cable is put back, and a new conversation is as good as any.")
    lab.on("client", "ip link set eth0 up")
    done = lab.on("client", f"reactor-cli --host {address('server')} --port 12348 ceil 4.40")
    lab.check("the next client is served", done.output == "5\n", done.output)


def show_ending(lab, daemon):
    """What the log says of the unplugged client. TCP gives up at the next time that it would send
    again, so "write_stall" may take a second longer."""
    # "lost: Connection timed out", or "No route to host" where ARP has been tried meanwhile.
    ending = daemon.wait_for_log(rf"({address('client')}:\d+) (lost: |closed: took no|closed: idle)")
    daemon.show_log(f"{ending[1]} (lost|closed)")
    lab.check("the daemon has given the client up, and logged why", True)


# --- delay and loss

def talk_over_a_bad_cable(lab):
    lab.say(f"""Now a long and bad line: {DELAY_MS} ms each way, and of a hundred packets three
            are lost.""")
    slow_down(lab)
    one_question(lab)
    capture = Capture(lab, "server", "eth0", "3-bad-cable")
    lab.say(f"""{QUESTIONS} questions, one after the other, take as many round trips, and longer
            where TCP has to send again. The answers are all there.""")
    for version in (4, 6):
        many_questions(lab, version)
    lab.say("""How many segments each side has sent again (a matter of luck, so nothing is
            checked):""")
    for host in ("client", "server"):
        lab.on(host, "nstat -asz TcpRetransSegs")
    capture.stop()


def one_question(lab):
    lab.say("One question, seen from the client. The first column has the round trips.")
    capture = Capture(lab, "client", "eth0", "3-bad-cable-one-question")
    done = lab.on("client", f"first_client {address('server')} 12346 4.40")
    lab.check("the client has the answer", done.output == "5\n", done.output)
    capture.finished(1)
    one = capture.stop()[0]
    show_ladder(lab, one)
    lab.check("the bytes are the bytes, whatever was lost on the way",
              (one.data("client"), one.data("server")) == (b"4.40", b"5"), one.packets)


def many_questions(lab, version):
    done = lab.on("client", f"reactor-cli --host {address('server', version)} --port 12348 "
                  f"--timeout 20s --repeat {QUESTIONS} ceil 4.40 | uniq -c", 60)
    lab.check(f"IPv{version}: {QUESTIONS} questions, {QUESTIONS} answers",
              done.output.split() == [str(QUESTIONS), "5"], done.output)
    least = QUESTIONS * 2 * DELAY_MS / 1000
    lab.check(f"IPv{version}: it took {done.seconds:.1f} s: at least the {least:.1f} s of "
              f"{QUESTIONS} round trips", done.seconds >= least, done.seconds)
