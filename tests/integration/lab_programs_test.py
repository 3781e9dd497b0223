# SPDX-License-Identifier: MIT
"""The two programs that a course on sockets begins with (tests/lab), unmodified: the client is
served by the daemon of config/lab.toml, and reactor-cli talks to the server, whatever the timing."""

import contextlib
import re
import subprocess
import time

import pytest

from harness.daemon import BIN_DIR, PATIENCE, ROOT, run_reactord
from harness.net import free_port, run

FIRST_CLIENT = BIN_DIR / "first_client"
FIRST_SERVER = BIN_DIR / "first_server"
REACTOR_CLI = BIN_DIR / "reactor-cli"
CLIENT_TAKES = 31  # bytes of an answer
SERVER_TAKES = 32  # bytes of a message
CLOSED_UNANSWERED = 5  # exit status of reactor-cli


def lab_config(directory, mode="operator"):
    """config/lab.toml, at free ports."""
    text = (ROOT / "config/lab.toml").read_text()
    text = re.sub(r":123\d\d(?=\")", ":0", text)
    text = text.replace('mode = "operator"', f'mode = "{mode}"')
    return text.replace("unix:/tmp/reactord-lab.sock", f"unix:{directory}/admin.sock")


@pytest.fixture
def lab(daemon, tmp_path):
    return daemon(lab_config(tmp_path))


@pytest.fixture
def echoing_lab(daemon, tmp_path):
    """Where no person is needed."""
    return daemon(lab_config(tmp_path, "template"))


def first_client(address, message):
    done = run(FIRST_CLIENT, address[0], address[1], message)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


# --- the client

def test_the_configuration_is_good_as_it_stands():
    done = run_reactord("--check-config", "--config", ROOT / "config/lab.toml")
    assert done.returncode == 0, done.stderr


# What the commands in its comments print.
COMMENTED = {
    "first_client 127.0.0.1 12345 'Hello, is anybody there?'": "Nobody is here. Try again later",
    "reactor-cli --port 12345 --framing raw 'Hello, is anybody there?'":
        "Nobody is here. Try again later",
    "first_client 127.0.0.1 12346 4.40": "5",
    r"printf '4.40\n-4.40\n' | nc -N 127.0.0.1 12347": "5\n-4",
    "reactor-cli --port 12348 ceil 4.40": "5",
    "redis-cli -p 12348 TEXT 'Hello, is anybody there?'": "Nobody is here. Try again later",
    "reactor-cli --uri unix:/tmp/reactord-lab.sock operator list": "mode\noperator\n",
    "reactor-cli --uri unix:/tmp/reactord-lab.sock operator reply 12 'Hello'":
        "ERR there is no message 12",
}
STAY = ["reactord --config config/lab.toml",
        "reactor-cli --uri unix:/tmp/reactord-lab.sock operator"]


def test_its_comments_name_every_command():
    text = (ROOT / "config/lab.toml").read_text()
    commands = re.findall(r"^#   (?:build/release/bin/)?(.*)", text, re.M)
    assert set(commands) == {*COMMENTED, *STAY}


@pytest.mark.parametrize("command", COMMENTED, ids=lambda command: command[:40])
def test_the_commands_in_its_comments(lab, tmp_path, command):
    ports = {"12345": "classic", "12346": "number", "12347": "line", "12348": "command"}
    here = command.replace("/tmp/reactord-lab.sock", f"{tmp_path}/admin.sock")
    here = re.sub(r"\b1234\d\b", lambda port: str(lab.address(ports[port[0]])[1]), here)
    done = run("bash", "-c", f"PATH={BIN_DIR}:$PATH; {here}", seconds=PATIENCE)
    assert (done.stdout + done.stderr).startswith(COMMENTED[command]), done


def test_the_first_client_is_answered_from_the_template(echoing_lab):
    assert first_client(echoing_lab.address("classic"), "Hello") == "Hello\n"
    assert echoing_lab.wait_for_log("text: Hello")


def test_the_first_client_over_ipv6(echoing_lab):
    address = [where for name, where in echoing_lab.addresses if name == "classic"][1]
    assert ":" in address[0] and first_client(address, "Hello") == "Hello\n"


def test_the_first_client_is_told_that_nobody_is_there(lab):
    """The fallback fits into the bytes that it takes."""
    answer = first_client(lab.address("classic"), "Hello")
    assert answer == "Nobody is here. Try again later\n" and len(answer) == CLIENT_TAKES + 1


@pytest.mark.parametrize("pause", [0, 1.0])
def test_the_first_client_is_answered_by_a_person(lab, pause):
    person = lab.connect("admin")
    person.send(b"OPERATOR JOIN teacher\n").read_through(b"\n\n")
    client = subprocess.Popen([FIRST_CLIENT, *map(str, lab.address("classic")), "Hello"],
                              stdout=subprocess.PIPE, text=True)
    try:
        assert re.fullmatch(rb"operator message 1 \S+ open Hello", person.read_line())
        time.sleep(pause)
        person.send(b"OPERATOR REPLY 1 Good morning, client\n").expect(b"OK\n")
        assert client.communicate(timeout=PATIENCE)[0] == "Good morning, client\n"
        assert client.returncode == 0
    finally:
        client.kill()
        client.wait()


@pytest.mark.parametrize("number, answer", [("4.40", "5"), ("-4.40", "-4"), ("4.00", "4"),
                                            ("9007199254740993.5", "9007199254740994")])
def test_the_first_client_sends_a_number(lab, number, answer):
    assert first_client(lab.address("number"), number) == f"{answer}\n"


def test_the_first_client_leaves_a_long_answer_unread(echoing_lab):
    """It resets the connection so, which costs the daemon nothing."""
    address = echoing_lab.address("classic")
    assert first_client(address, "x" * 1000) == "x" * CLIENT_TAKES + "\n"
    assert first_client(address, "Hello") == "Hello\n"


# --- the server

@contextlib.contextmanager
def first_server():
    """Waits for its one client. What is written to its stdin is what a person types."""
    port = free_port()
    process = subprocess.Popen([FIRST_SERVER, "127.0.0.1", str(port)], text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == "waiting for a client\n"
        yield process, port
    finally:
        process.kill()
        process.communicate()


def type_line(process, line):
    process.stdin.write(line + "\n")
    process.stdin.flush()


def reactor_cli(port, *message, data=None):
    return run(REACTOR_CLI, "--port", port, "--framing", "raw", *message, data=data)


def test_a_server_that_answers_at_once():
    with first_server() as (server, port):
        type_line(server, "Hello, client")  # before the client has come
        done = reactor_cli(port, "Hello, server")
        assert (done.returncode, done.stdout, done.stderr) == (0, "Hello, client\n", "")
        assert server.stdout.readline() == "Hello, server\n"
        assert server.wait(PATIENCE) == 0


@pytest.mark.parametrize("from_input", [False, True], ids=["argument", "standard input"])
def test_a_server_whose_person_thinks_for_long(from_input):
    """Longer than any pause after which reactor-cli takes an answer for complete."""
    arguments = [] if from_input else ["Hello, server"]
    with first_server() as (server, port):
        client = subprocess.Popen(
            [REACTOR_CLI, "--port", str(port), "--framing", "raw", *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            client.stdin.write("Hello, server" if from_input else "")
            client.stdin.close()
            assert server.stdout.readline() == "Hello, server\n"
            time.sleep(1.5)
            assert client.poll() is None, "it did not wait for the answer"
            type_line(server, "Hello, client")
            assert client.stdout.read() == "Hello, client\n"
            assert client.wait(PATIENCE) == 0
        finally:
            client.kill()
            client.wait()
            client.stdout.close()


@pytest.mark.parametrize("bytes_sent", [SERVER_TAKES, SERVER_TAKES + 1, 5000, 100_000])
def test_a_server_that_closes_with_input_unread(bytes_sent):
    """Beyond the 32 bytes that it receives, its close is a reset. Its answer came before that."""
    message = "x" * bytes_sent
    with first_server() as (server, port):
        type_line(server, "Hello, client")
        done = reactor_cli(port, message)
        assert (done.returncode, done.stdout, done.stderr) == (0, "Hello, client\n", "")
        assert server.stdout.readline() == message[:SERVER_TAKES] + "\n"


def test_a_server_that_resets_in_the_middle_of_a_large_input():
    with first_server() as (server, port):
        type_line(server, "Hello, client")
        done = reactor_cli(port, data="x" * 5_000_000)
        assert (done.returncode, done.stdout) == (0, "Hello, client\n")


def test_a_server_whose_person_types_nothing():
    with first_server() as (server, port):
        server.stdin.close()
        server.stdin = None
        done = reactor_cli(port, "Hello, server")
        assert (done.returncode, done.stdout) == (CLOSED_UNANSWERED, "")
        assert "closed the connection without an answer" in done.stderr


# --- both

def test_the_first_client_and_the_first_server():
    """So that it is known what they do with each other."""
    with first_server() as (server, port):
        type_line(server, "Hello, client, and this is too long for you")
        assert first_client(("127.0.0.1", port), "Hello, server") \
            == "Hello, client, and this is too " + "\n"
        assert server.stdout.readline() == "Hello, server\n"
