# SPDX-License-Identifier: MIT
"""reactord --take-over: another process goes on with all connections, or nothing has happened."""

import array
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading

import pytest

from harness import resp
from harness.admin import admin_listener
from harness.client import eventually
from harness.load import result_of
from harness.net import free_port
from harness.operators import Operator
from harness.passers_by import PassersBy
from harness.scripted import held
from harness.tls import Authority, TlsClient, client_context, tls_listener


@pytest.fixture
def places(tmp_path):
    """A configuration with an address of each kind, under which a successor is known again."""
    return (f'\n[[listener]]\nname = "main"\naddress = "127.0.0.1:{free_port()}"\n'
            f'\n[[listener]]\nname = "local"\naddress = "unix:{tmp_path}/local"\n'
            + admin_listener(tmp_path / "admin", 'mode = "0666"\n') + "\n")


@pytest.fixture
def take_over(daemon, tmp_path):
    """Starts the next process; it serves once this returns, unless it is not to."""
    def start(config, **options):
        return daemon(config, arguments=("--take-over", str(tmp_path / "admin")), **options)

    return start


class Asker:
    """Speaks for a process that takes over, as far as a test wants it to go."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(30)
        self.socket.connect(str(path))
        self.parcel = None

    def ask(self):
        self.socket.sendall(resp.request("HANDOVER", "1"))
        return self.line()

    def line(self):
        """One; of a descriptor that comes with it this is the owner."""
        text = b""
        while not text.endswith(b"\r\n"):
            data, control, _, _ = self.socket.recvmsg(1, socket.CMSG_SPACE(4))
            if not data:
                return text
            for _, _, content in control:
                self.parcel = array.array("i", content)[0]
            text += data
        return text[:-2]

    def take(self):
        assert self.ask() == b"+OK"
        assert self.line() == b"+PARCEL"
        assert self.parcel is not None

    def close(self):
        self.socket.close()
        if self.parcel is not None:
            os.close(self.parcel)
            self.parcel = None


@pytest.fixture
def asker(tmp_path):
    with contextlib.ExitStack() as ends:
        def make():
            one = Asker(tmp_path / "admin")
            ends.callback(one.close)
            return one

        yield make


# --- who goes on

def test_all_go_on(daemon, take_over, places):
    one = daemon(places)
    main, local, admin = one.connect("main"), one.connect("local"), one.connect("admin")
    number = main.call("CLIENT", "ID")
    main.call("CLIENT", "SETNAME", "me")
    local.send(resp.request("ECHO", "half")[:-3])
    two = take_over(places)
    assert one.wait() == 0, one.log
    assert main.call("CLIENT", "ID") == number
    assert main.call("CLIENT", "GETNAME") == b"me"
    local.send(resp.request("ECHO", "half")[-3:])
    assert local.reply() == b"half"
    admin.expect_alive()
    for listener in ("main", "local", "admin"):
        two.connect(listener).expect_alive()
    one.wait_for_log(rf"restarting on HANDOVER by unix:\S* \(client \d+\)")
    one.wait_for_log(f"3 connections go on in process {two.pid}, which has taken over; 0 stay, and are drained")
    two.wait_for_log("3 connections go on from the process before; 0 could not")
    assert int(two.info("clients")["connected_clients"]) >= 3


def test_many_times_under_load(daemon, take_over, places, tmp_path):
    one = before = daemon(places)
    seen = {}

    def play():
        seen["result"], seen["done"] = result_of(
            tmp_path, "--port", one.port, "-c", "50", "-d", "16", "-t", "4s", "--check", "errors == 0")

    player = threading.Thread(target=play)
    player.start()
    eventually(lambda: int(one.info("clients")["connected_clients"]) > 50)
    for _ in range(4):
        two = take_over(places)
        assert before.wait() == 0, before.log
        before = two
    player.join()
    assert seen["done"].returncode == 0, seen["done"].stdout
    assert seen["result"]["groups"][0]["connects"] == 50


def test_whoever_connects_meanwhile_waits(daemon, take_over, places, tmp_path):
    before = daemon(places)
    with PassersBy(before, ("main", "local")) as passers_by:
        for _ in range(3):
            served = dict(passers_by.served)
            two = take_over(places)
            assert before.wait() == 0, before.log
            before = two
            passers_by.wait_for_more(served)
    assert before.stop() == 0
    assert not (tmp_path / "local").exists(), "the last one removes the file"


def test_messages_wait_on_in_whichever_process(daemon, take_over, places, asker):
    """One that takes all and then goes away changes nothing, either."""
    config = places + '[handlers.text]\nmode = "operator"\n'
    one = daemon(config)
    ada, clients = Operator(one, "ada"), [one.connect("main").send(b"TEXT %d\n" % n) for n in range(3)]
    ada.wait_for(3)
    gone = asker()
    gone.take()
    gone.close()
    one.wait_for_log("no other process takes over, and all are served on")
    assert ada.answer(1, "from the first") == "OK"
    take_over(config)
    assert one.wait() == 0, one.log
    assert [message[b"id"] for message in ada.waiting()] == [2, 3]
    assert ada.answer(2, "from the second") == ada.answer(3, "from the second") == "OK"
    assert [client.read_line() for client in clients] == [b"from the first"] + 2 * [b"from the second"]


# --- who cannot go is served to the end

def relay_to(server):
    return ('[[relay]]\ncommands = ["GET"]\nhealth = "off"\ntimeout = "1h"\n'
            f'backends = ["127.0.0.1:{server.port}"]\n')


@pytest.fixture
def waiting(daemon, places, serve):
    """A daemon that owes somebody a reply, which is waited for for a second."""
    go = threading.Event()

    def start(config="", **options):
        one = daemon(config + relay_to(serve(held(go))) + places, **options)
        one.connect("main").request("GET", "a")
        eventually(lambda: one.info("clients")["blocked_clients"] == "1")
        return one

    yield start
    go.set()


def test_a_reply_that_takes_longer_comes_from_the_one_before(daemon, take_over, places, serve):
    go = threading.Event()
    one = daemon(relay_to(serve(held(go))) + places)
    waiting, other = one.connect("main"), one.connect("main")
    waiting.request("GET", "a").request("ECHO", "behind")
    eventually(lambda: one.info("clients")["blocked_clients"] == "1")
    take_over(places)
    other.expect_alive()
    one.wait_for_log("1 connections go on in process .* 1 stay, and are drained")
    go.set()
    assert waiting.reply() == "a"
    assert waiting.reply() == b"behind"
    waiting.expect_eof()
    assert one.wait() == 0


def wakes(process):
    """How often it has gone to sleep, and so was woken."""
    with open(f"/proc/{process}/status", encoding="utf-8") as status:
        return int(re.search(r"^voluntary_ctxt_switches:\t(\d+)", status.read(), re.M)[1])


def test_who_stays_behind_is_not_woken_by_those_who_have_gone(waiting, take_over, places):
    """Their sockets are still open, elsewhere (epoll(7)); and a second one may take over meanwhile."""
    one = waiting()
    client = one.connect("main")
    two = take_over(places)
    one.wait_for_log("1 connections go on in process .* 1 stay, and are drained")
    client.expect_alive()
    before = wakes(one.pid)
    for _ in range(500):
        client.expect_alive()
    assert wakes(one.pid) - before < 50
    take_over(places)
    assert two.wait() == 0
    client.expect_alive()
    assert one.running


def test_tls_stays_until_it_is_drained(daemon, take_over, places, tmp_path):
    authority = Authority(tmp_path)
    config = places + tls_listener(authority.issue("localhost"), address=f"127.0.0.1:{free_port()}")
    one = daemon(config)
    tls = TlsClient(one.address("tls"), client_context(authority))
    plain = one.connect("main")
    tls.expect_alive()
    two = take_over(config)
    assert tls.read_until_eof() == b""
    assert one.wait() == 0
    plain.expect_alive()
    with TlsClient(two.address("tls"), client_context(authority)) as again:
        again.expect_alive()


# --- nothing has happened

def assert_serves_on(one, *clients):
    for client in clients:
        client.expect_alive()
    for listener in ("main", "local", "admin"):
        one.connect(listener).expect_alive()


def test_a_bad_configuration_is_not_even_noticed(daemon, take_over, places):
    one = daemon(places)
    client = one.connect("main")
    take_over(places + "nonsense = 1\n", ready=False, expected_status=78).wait()
    assert_serves_on(one, client)
    assert "HANDOVER" not in one.log


def test_a_start_that_fails(daemon, take_over, places, tmp_path):
    """Files of sockets are the old one's still; and a better one may take over."""
    one = daemon(places)
    client, local = one.connect("main"), one.connect("local")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        failing = places + f'\n[[listener]]\nname = "more"\naddress = "127.0.0.1:{port}"\n'
        two = take_over(failing, ready=False, expected_status=1)
        assert two.wait() == 1
        two.wait_for_log(f"cannot bind 127.0.0.1:{port}")
    one.wait_for_log("no other process takes over, and all are served on: it has gone away")
    assert_serves_on(one, client, local)
    take_over(places)
    assert one.wait() == 0
    client.expect_alive()
    local.expect_alive()


def test_descriptors_for_fewer(daemon, take_over, places):
    """What the kernel could not give is not taken for all that there is."""
    one = daemon(places)
    clients = [one.connect("main") for _ in range(300)]
    for client in clients:
        client.expect_alive()
    limit = ("import os, resource, sys; resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200));"
             "os.execv(sys.argv[1], sys.argv[1:])")
    two = take_over(places, prefix=(sys.executable, "-c", limit), ready=False, expected_status=1)
    assert two.wait() == 1
    two.wait_for_log("descriptors are missing; see RLIMIT_NOFILE")
    one.wait_for_log("no other process takes over, and all are served on")
    assert_serves_on(one, *clients)


def test_places_for_fewer(daemon, take_over, places):
    """Nobody is sent away for that."""
    one = daemon(places)
    clients = [one.connect("main") for _ in range(3)]
    two = take_over("[server]\nmax_connections = 2\n" + places, ready=False, expected_status=1)
    assert two.wait() == 1
    two.wait_for_log("3 clients and 0 administrators are connected, and there are places for 2 and")
    assert_serves_on(one, *clients)


def test_who_goes_away_with_the_parcel(daemon, places, asker):
    one = daemon(places)
    client = one.connect("main")
    for _ in range(3):
        two = asker()
        two.take()
        client.request("ECHO", "waits")
        two.close()
        assert client.reply() == b"waits"
    assert_serves_on(one, client)
    eventually(lambda: one.log.count("no other process takes over") == 3)


def test_who_says_nothing_for_too_long(daemon, places, asker):
    one = daemon(places)
    client = one.connect("main")
    two = asker()
    two.take()
    assert two.line() == b"-ERR it has said nothing for 5 s"
    assert two.line() == b"", "whoever says SERVING now must not think that it does"
    assert_serves_on(one, client)


def test_who_says_something_else(daemon, places, asker):
    one = daemon(places)
    two = asker()
    two.take()
    two.socket.sendall(b"x" * 5000)
    assert two.line() == b"-ERR it says more than a line"
    three = asker()
    three.take()
    three.socket.sendall(b"PING\r\n")
    assert three.line() == b"-ERR it says 'PING', and not 'SERVING'"
    assert_serves_on(one)


def test_one_at_a_time(daemon, places, asker):
    one = daemon(places)
    client = one.connect("main")
    two, three = asker(), asker()
    two.take()
    three.socket.sendall(resp.request("HANDOVER", "1"))
    two.close()
    assert three.line() == b"+OK"
    assert three.line() == b"+PARCEL"
    three.close()
    assert_serves_on(one, client)


def test_stopped_in_the_middle(daemon, places, asker, serve):
    go = threading.Event()
    one = daemon(relay_to(serve(held(go))) + places)
    waiting = one.connect("main")
    waiting.request("GET", "a")
    eventually(lambda: one.info("clients")["blocked_clients"] == "1")
    two = asker()
    assert two.ask() == b"+OK"
    one.signal(signal.SIGTERM)
    assert two.line() == b"-ERR the daemon stops"
    go.set()
    assert waiting.reply() == "a"
    assert one.wait() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_is_stopped_while_it_waits_takes_nobody(waiting, take_over, places, number):
    one = waiting()
    client = one.connect("main")
    two = take_over(places, ready=False, expected_status=1)
    one.wait_for_log("restarting on HANDOVER")
    two.signal(number)
    assert two.wait() == 1
    two.wait_for_log("this process was told to stop")
    client.expect_alive()
    one.wait_for_log("no other process takes over")


def test_a_stop_in_the_middle_ends_in_time(waiting, asker):
    one = waiting('[deadlines]\ndrain = "1s"\n')
    two = asker()
    assert two.ask() == b"+OK"
    one.wait_for_log("restarting on HANDOVER")
    one.signal(signal.SIGTERM)
    assert two.line() == b"-ERR the daemon stops"
    assert one.wait() == 0, "the reply that is owed never comes"


def test_a_reload_in_the_middle_comes_afterwards(waiting, asker):
    one = waiting()
    two = asker()
    assert two.ask() == b"+OK"
    one.wait_for_log("restarting on HANDOVER")
    one.signal(signal.SIGHUP)
    assert two.line() == b"+PARCEL"
    two.close()
    one.wait_for_log("configuration reloaded on SIGHUP")
    assert_serves_on(one)


@pytest.mark.parametrize("words", [("CLIENT", "PAUSE", "60000"), ("DRAIN", "ON")])
def test_what_the_next_process_would_not_know(daemon, places, asker, words):
    one = daemon(places)
    assert one.connect("admin").call(*words) == "OK"
    assert asker().ask() == (b"-ERR handover: CLIENT PAUSE or DRAIN is in force, of which the next process would not "
                             b"know: end it first")


def test_who_sends_nobody_in_says_why(daemon, take_over, places):
    one = daemon("[server]\nmax_admin_connections = 1\n" + places)
    one.connect("admin").expect_alive()
    two = take_over(places, ready=False, expected_status=1)
    assert two.wait() == 1
    two.wait_for_log("does not hand over: ERR max number of clients reached")


# --- the one before dies at the worst moment

def test_the_one_before_is_killed_once_all_is_given(daemon, take_over, places, tmp_path, asker):
    """Who takes over has it all, and nobody else serves any more: it goes on."""
    one = daemon(places, expected_status=None)
    client = one.connect("main")
    two = asker()
    between = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    between.bind(str(tmp_path / "between"))
    between.listen()

    def stand_between():
        end, _ = between.accept()
        with end:
            assert end.recv(100) == resp.request("HANDOVER", "1")
            two.take()
            end.sendall(b"+OK\r\n")
            socket.send_fds(end, [b"+PARCEL\r\n"], [two.parcel])
            assert end.recv(100) == b"SERVING\r\n"
            one.process.kill()
            one.process.wait()

    thread = threading.Thread(target=stand_between)
    thread.start()
    three = daemon(places, arguments=("--take-over", f"unix:{tmp_path}/between"))
    thread.join()
    between.close()
    client.expect_alive()
    three.wait_for_log("1 connections go on from the process before; 0 could not")


# --- who may

def test_over_tcp_nobody_can(daemon):
    one = daemon('\n[[listener]]\nname = "admin"\nrole = "admin"\naddress = "127.0.0.1:0"\n')
    client = one.connect("admin")
    assert str(client.call("HANDOVER", "1")) == "ERR handover: it takes a Unix socket of an admin listener"
    client.expect_alive()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_somebody_elses_process_cannot(daemon, places, tmp_path):
    one = daemon(places)
    for folder in (tmp_path, *tmp_path.parents[:-1]):
        folder.chmod(folder.stat().st_mode | 0o111)
    script = ("import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]);"
              "s.sendall(b'*2\\r\\n$8\\r\\nHANDOVER\\r\\n$1\\r\\n1\\r\\n'); print(s.recv(1000).decode())")
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path / "admin")], user=65534, check=True,
                          capture_output=True, text=True)
    assert "only the user that the daemon runs as, and root, can take over from it" in done.stdout
    assert_serves_on(one)


def test_under_systemd_it_is_the_managers_to_do(daemon, places, asker):
    launch = "import os, sys; os.environ['SYSTEMD_EXEC_PID'] = str(os.getpid()); os.execv(sys.argv[1], sys.argv[1:])"
    daemon(places, prefix=(sys.executable, "-c", launch))
    assert asker().ask() == (b"-ERR handover: systemd runs this daemon: `systemctl restart` it, with "
                             b'server.survive = "restart"')


@pytest.mark.parametrize("name, problem", [("nobody", "No such file or directory"), ("n" * 200, "File name too long")])
def test_nobody_there(daemon, places, tmp_path, name, problem):
    one = daemon(places, arguments=("--take-over", str(tmp_path / name)), ready=False, expected_status=1)
    assert one.wait() == 1
    one.wait_for_log(f"cannot take over at .*/{name}: {problem}; name the Unix socket of an admin listener of the "
                     "daemon that serves")
