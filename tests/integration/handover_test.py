# SPDX-License-Identifier: MIT
"""Connections that outlive the process: server.survive, with a service manager's store in between."""

import hashlib
import random
import re
import shutil
import signal
import socket
import stat
import threading

import pytest

from harness import resp
from harness.admin import admin_listener
from harness.client import eventually
from harness.load import result_of
from harness.net import free_port
from harness.passers_by import PassersBy
from harness.scripted import held
from harness.tls import Authority, TlsClient, client_context, tls_listener

SURVIVE = '[server]\nsurvive = "restart"\n'
TOKEN = hashlib.sha256(b"as long as one that is random").hexdigest()
TOKEN_HASH = "sha256:" + hashlib.sha256(TOKEN.encode()).hexdigest()
PARCEL = "reactord-connections"
LINES = '\n[[listener]]\nname = "lines"\naddress = "127.0.0.1:0"\nframing = "line"\nhandler = "ceil"\n'
MAIN = '\n[[listener]]\nname = "main"\naddress = "127.0.0.1:0"\n'


def restart(daemon, keeper, before, config=SURVIVE):
    """What `systemctl restart` does; the next process."""
    before.signal(signal.SIGUSR2)
    assert before.wait() == 0, before.log
    return daemon(config, **keeper.successor())


def ended(client):
    """All that a client reads before its connection ends."""
    return client.read_until_eof()


# --- who goes on, and with what

def test_a_client_goes_on(daemon, keeper):
    one = daemon(SURVIVE, environment=keeper.environment)
    client = one.connect()
    number = client.call("CLIENT", "ID")
    client.call("CLIENT", "SETNAME", "me")
    client.call("HELLO", "3")
    address = client.call("CLIENT", "INFO").split("addr=")[1].split()[0]
    two = restart(daemon, keeper, one)
    assert client.call("CLIENT", "ID") == number
    assert client.call("CLIENT", "GETNAME") == b"me"
    info = client.call("CLIENT", "INFO")
    assert "resp=3" in info and f"addr={address}" in info
    one.wait_for_log("1 connections wait for the process that follows, 0 were drained")
    two.wait_for_log("1 connections go on from the process before; 0 could not")
    eventually(lambda: keeper.names() == [])
    # Else systemd would throw it away: its other end hangs up.
    assert all("FDPOLL=0" in told for told in keeper.told if told.startswith("FDSTORE="))
    assert two.connect().call("CLIENT", "ID") > number


def test_what_is_on_its_way_arrives(daemon, keeper):
    """Half a request, requests in the kernel, and replies that nobody reads."""
    one = daemon(SURVIVE, environment=keeper.environment)
    half, reader = one.connect(), one.connect()
    half.send(b"*2\r\n$4\r\nECHO\r\n$5\r\nhe")
    size, count = 1 << 20, 16
    everything = resp.request("ECHO", b"x" * size) * count
    sender = threading.Thread(target=reader.socket.sendall, args=(everything,), daemon=True)
    sender.start()
    eventually(lambda: "obl=0" not in one.connect(track=False).call("CLIENT", "LIST", "ID", "2").decode(),
               what="replies that are not taken")
    restart(daemon, keeper, one)
    half.send(b"llo\r\n")
    assert half.reply() == b"hello"
    for _ in range(count):
        assert reader.reply() == b"x" * size
    sender.join()


def test_every_kind_of_listener(daemon, keeper, tmp_path):
    unix = f'\n[[listener]]\nname = "local"\naddress = "unix:{tmp_path}/s"\n'
    admin = f'\n[[listener]]\nname = "admin"\naddress = "unix:{tmp_path}/a"\nrole = "admin"\n'
    config = SURVIVE + MAIN + LINES + unix + admin
    one = daemon(config, environment=keeper.environment)
    clients = {name: one.connect(name) for name in ("main", "lines", "local", "admin")}
    clients["lines"].send(b"1.")
    two = restart(daemon, keeper, one, config)
    for name in ("main", "local", "admin"):
        clients[name].expect_alive()
    clients["lines"].send(b"5\n").expect(b"2\n")
    assert int(two.info("clients")["connected_admin_clients"]) == 1


def test_what_a_client_has_asked_for_stays(daemon, keeper):
    """CLIENT REPLY OFF, and plain replies to lines."""
    one = daemon(SURVIVE, environment=keeper.environment)
    silent, inline = one.connect(), one.connect()
    silent.request("CLIENT", "REPLY", "OFF")
    inline.send(b"CEIL 1.5\n").expect(b"2\n")
    restart(daemon, keeper, one)
    silent.request("ECHO", "a").request("CLIENT", "REPLY", "ON").expect(b"+OK\r\n")
    inline.send(b"CEIL 2.5\n").expect(b"3\n")


def test_a_transaction_goes_on(daemon, keeper):
    one = daemon(SURVIVE, environment=keeper.environment)
    queued, spoilt, empty = (one.connect() for _ in range(3))
    for client in (queued, spoilt, empty):
        assert client.call("MULTI") == "OK"
    assert queued.call("ECHO", b"a\0b\r\n") == "QUEUED"
    assert queued.call("CEIL", "4.40") == "QUEUED"
    assert "unknown command" in str(spoilt.call("NONSENSE"))
    two = restart(daemon, keeper, one)
    assert queued.call("PING") == "QUEUED"
    three = restart(daemon, keeper, two)
    assert queued.call("EXEC") == [b"a\0b\r\n", 5, "PONG"]
    assert "EXECABORT" in str(spoilt.call("EXEC"))
    assert empty.call("EXEC") == []
    three.wait_for_log("3 connections go on from the process before; 0 could not")


def test_an_operator_stays_at_the_desk(daemon, keeper, tmp_path):
    config = (SURVIVE + MAIN + f'\n[[listener]]\nname = "admin"\naddress = "unix:{tmp_path}/a"\nrole = "admin"\n'
              '[handlers.text]\nmode = "operator"\n')
    one = daemon(config, environment=keeper.environment)
    ann, bob, client = one.connect("admin"), one.connect("admin"), one.connect("main")
    for operator, name in ((ann, "ann"), (bob, "bob")):
        operator.call("HELLO", "3")
        assert operator.call("OPERATOR", "JOIN", name)[b"name"] == name.encode()
    assert ann.reply() == resp.Push([b"operator", b"joined", b"bob"])
    two = restart(daemon, keeper, one, config)
    client.request("TEXT", "hello")
    message = ann.reply()
    assert message[:2] == [b"operator", b"message"], "nobody was told that anybody has come or gone"
    assert bob.reply() == message
    assert ann.call("OPERATOR", "REPLY", message[2], "hi") == "OK"
    assert client.reply() == b"hi"
    two.wait_for_log("3 connections go on from the process before; 0 could not")


def test_many_restarts_under_load(daemon, keeper):
    """Pipelines of 16 from many clients: each request is answered once, and in order."""
    one = daemon(SURVIVE, environment=keeper.environment)
    stop, failures, counts = threading.Event(), [], []

    def play(client, seed):
        dice, sent = random.Random(seed), 0
        try:
            while not stop.is_set():
                words = [b"%d-%d" % (seed, sent + i) for i in range(16)]
                batch = b"".join(resp.request("ECHO", word) for word in words)
                cut = dice.randrange(len(batch))
                client.send(batch[:cut]).send(batch[cut:])
                for word in words:
                    got = client.reply()
                    assert got == word, f"{got} instead of {word}"
                sent += 16
        except (AssertionError, OSError) as problem:
            failures.append((seed, problem))
        counts.append(sent)

    players = [threading.Thread(target=play, args=(one.connect(), seed)) for seed in range(20)]
    for player in players:
        player.start()
    before = one
    for _ in range(5):
        before = restart(daemon, keeper, before)
        before.wait_for_log("20 connections go on from the process before; 0 could not")
    stop.set()
    for player in players:
        player.join()
    assert not failures, failures
    assert all(counts), counts


def test_the_load_generator_sees_a_pause_and_no_loss(daemon, keeper, tmp_path):
    one = daemon(SURVIVE, environment=keeper.environment)
    seen = {}

    def play():
        seen["result"], seen["done"] = result_of(
            tmp_path, "--port", one.port, "-c", "50", "-d", "16", "-t", "3s", "--check", "pause_max > 1us",
            "--check", "errors == 0")

    player = threading.Thread(target=play)
    player.start()
    eventually(lambda: int(one.info("clients")["connected_clients"]) > 50)
    two = restart(daemon, keeper, one)
    player.join()
    assert seen["done"].returncode == 0, seen["done"].stdout
    group = seen["result"]["groups"][0]
    assert group["connects"] == 50 and group["pauses"]["count"] == 50
    assert group["pauses"]["max"] == max(each["latency"]["max"] for each in group["commands"])
    # Whoever has asked for INFO may go on, too.
    two.wait_for_log(r"5[01] connections go on from the process before; 0 could not")
    eventually(lambda: any(re.search("; 5[01] connections taken over from the process before", each)
                           for each in keeper.told))


def test_whoever_connects_meanwhile_waits(daemon, keeper, tmp_path):
    """Sockets of its own go along, with those who wait in their backlog, too."""
    unix = f'\n[[listener]]\nname = "local"\naddress = "unix:{tmp_path}/s"\n'
    config = SURVIVE + f'\n[[listener]]\nname = "main"\naddress = "127.0.0.1:{free_port()}"\n' + unix
    before = daemon(config, environment=keeper.environment)
    with PassersBy(before, ("main", "local")) as passers_by:
        for _ in range(3):
            served = dict(passers_by.served)
            before = restart(daemon, keeper, before, config)
            passers_by.wait_for_more(served)
    assert before.stop() == 0
    assert not (tmp_path / "s").exists(), "the last one removes the file"


def test_files_of_sockets_are_as_the_next_one_wants_them(daemon, keeper, tmp_path):
    def unix(name, extra=""):
        return f'\n[[listener]]\nname = "{name}"\naddress = "unix:{tmp_path}/{name}"\n{extra}'

    one = daemon(SURVIVE + unix("stays") + unix("goes"), environment=keeper.environment)
    client = one.connect("stays")
    restart(daemon, keeper, one, SURVIVE + unix("stays", 'mode = "0600"\n'))
    client.expect_alive()
    assert stat.S_IMODE((tmp_path / "stays").stat().st_mode) == 0o600
    assert not (tmp_path / "goes").exists()


def test_a_thousand_clients(daemon, keeper):
    one = daemon(SURVIVE, environment=keeper.environment)
    clients = [one.connect() for _ in range(1000)]
    for client in clients:
        client.send(b"*2\r\n$4\r\nECHO\r\n")
    two = restart(daemon, keeper, one)
    for number, client in enumerate(clients):
        client.send(b"$%d\r\n%d\r\n" % (len(str(number)), number))
    for number, client in enumerate(clients):
        assert client.reply() == b"%d" % number
    assert two.info("clients")["connected_clients"] == "1001"
    two.wait_for_log("1000 connections go on from the process before; 0 could not")


# --- who cannot

def test_who_watches_requests_is_drained(daemon, keeper, tmp_path):
    admin = f'\n[[listener]]\nname = "admin"\naddress = "unix:{tmp_path}/a"\nrole = "admin"\n'
    one = daemon(SURVIVE + MAIN + admin, environment=keeper.environment)
    watcher, client = one.connect("admin"), one.connect("main")
    assert watcher.call("MONITOR") == "OK"
    restart(daemon, keeper, one, SURVIVE + MAIN + admin)
    ended(watcher)
    client.expect_alive()
    one.wait_for_log("1 connections wait for the process that follows, 1 were drained")


def test_a_listener_that_is_gone(daemon, keeper):
    one = daemon(SURVIVE + MAIN + LINES, environment=keeper.environment)
    client, line = one.connect("main"), one.connect("lines")
    two = restart(daemon, keeper, one, SURVIVE + MAIN)
    assert ended(line) == (b"(error) ERR the server was restarted, and cannot go on with this connection: "
                           b"connect again\n")
    client.expect_alive()
    two.wait_for_log("it cannot go on from the process before: there is no listener lines of its kind")
    two.wait_for_log("1 connections go on from the process before; 1 could not")


def test_fewer_connections_than_before(daemon, keeper):
    one = daemon(SURVIVE, environment=keeper.environment)
    clients = [one.connect() for _ in range(4)]
    for client in clients:
        client.expect_alive()
    two = restart(daemon, keeper, one, SURVIVE + "max_connections = 2\n")
    two.wait_for_log("2 connections go on from the process before; 2 could not")
    two.wait_for_log("max_connections reached")


def test_fewer_descriptors_than_before(daemon, keeper):
    one = daemon(SURVIVE, environment=keeper.environment)
    clients = [one.connect() for _ in range(300)]
    for client in clients:
        client.expect_alive()
    one.signal(signal.SIGUSR2)
    assert one.wait() == 0
    start = keeper.successor()
    start["prefix"] = ("prlimit", "--nofile=200", *start["prefix"])
    two = daemon(SURVIVE, **start)
    two.wait_for_log("not all that the process before has left can be read: descriptors are missing")
    for client in clients:
        client.close()
    eventually(lambda: two.info("clients")["connected_clients"] == "1")
    two.connect().expect_alive()


def test_nobody_is_connected(daemon, keeper):
    one = daemon(SURVIVE, environment=keeper.environment)
    restart(daemon, keeper, one).connect().expect_alive()
    one.wait_for_log("0 connections wait for the process that follows, 0 were drained")


def test_while_new_clients_are_refused_or_all_wait(daemon, keeper, tmp_path):
    """DRAIN ON and CLIENT PAUSE are of the process, and end with it."""
    admin = f'\n[[listener]]\nname = "admin"\naddress = "unix:{tmp_path}/a"\nrole = "admin"\n'
    one = daemon(SURVIVE + MAIN + admin, environment=keeper.environment)
    client, boss = one.connect("main"), one.connect("admin")
    client.expect_alive()
    assert boss.call("DRAIN", "ON") == "OK"
    assert boss.call("CLIENT", "PAUSE", "3600000") == "OK"
    client.request("ECHO", "later")
    two = restart(daemon, keeper, one, SURVIVE + MAIN + admin)
    assert client.reply() == b"later"
    assert boss.call("PING") == "PONG"
    two.connect("main").expect_alive()


def test_users_stay_who_they_are(daemon, keeper):
    """By the password that they have logged in with; who has been removed is told so."""
    def user(name):
        return f'[[user]]\nname = "{name}"\npassword = "{TOKEN_HASH}"\ncommands = ["public", "acl"]\n'

    listener = '\n[[listener]]\nname = "main"\naddress = "127.0.0.1:0"\nrequire = "user"\n'
    one = daemon(SURVIVE + listener + user("ann") + user("bob"), environment=keeper.environment)
    ann, bob, nobody = one.connect(), one.connect(), one.connect()
    for client, name in ((ann, "ann"), (bob, "bob")):
        assert client.call("AUTH", name, TOKEN) == "OK"
    restart(daemon, keeper, one, SURVIVE + listener + user("ann"))
    assert ann.call("ACL", "WHOAMI") == b"ann"
    assert ended(bob) == b""
    assert "NOAUTH" in str(nobody.call("CEIL", "1.5"))
    assert nobody.call("AUTH", "ann", TOKEN) == "OK"


def test_tls_is_drained(daemon, keeper, tmp_path):
    authority = Authority(tmp_path / "authority")
    config = SURVIVE + MAIN + tls_listener(authority.issue("server", ("DNS:localhost", "IP:127.0.0.1")))
    one = daemon(config, environment=keeper.environment)
    plain = one.connect("main")
    shielded = TlsClient(one.address("tls"), client_context(authority))
    shielded.expect_alive()
    restart(daemon, keeper, one, config)
    plain.expect_alive()
    shielded.expect_eof()
    one.wait_for_log("1 connections wait for the process that follows, 1 were drained")


# --- stores that do not keep what they are given

def test_without_a_service_manager_it_drains(daemon):
    one = daemon(SURVIVE)
    client = one.connect()
    one.wait_for_log(r"server.survive has no effect.*there is no service manager")
    one.signal(signal.SIGUSR2)
    assert one.wait() == 0
    assert ended(client) == b""


def test_a_manager_that_keeps_nothing(daemon, keeper):
    keeper.most = 0
    one = daemon(SURVIVE, environment=keeper.environment)
    client = one.connect()
    one.wait_for_log(r"server.survive has no effect.*set FileDescriptorStoreMax=")
    one.signal(signal.SIGUSR2)
    assert one.wait() == 0
    assert ended(client) == b""


def test_a_store_that_is_full_when_it_counts(daemon, keeper):
    one = daemon(SURVIVE, environment=keeper.environment)
    client = one.connect()
    client.expect_alive()
    keeper.most = 0
    one.signal(signal.SIGUSR2)
    assert one.wait() == 0
    one.wait_for_log("connections cannot be left to the process that follows, and are drained")
    assert ended(client) == b""


def test_a_manager_that_is_slow_does_not_keep_them_for_later(daemon, keeper):
    """They are drained by then: nobody may go on with them."""
    one = daemon(SURVIVE, environment=keeper.environment)
    client = one.connect()
    client.expect_alive()
    with keeper.deaf():
        one.signal(signal.SIGUSR2)
        assert one.wait() == 0
        one.wait_for_log("the service manager does not answer")
    assert ended(client) == b""
    eventually(lambda: keeper.told[-1].startswith("FDSTOREREMOVE") or "FDSTOREREMOVE" in "".join(keeper.told[-3:]))
    eventually(lambda: keeper.names() == [])


@pytest.mark.parametrize("mend", [False, True], ids=["file removed", "folder missing"])
def test_a_start_that_fails_loses_nobody(daemon, keeper, tmp_path, mend):
    """The next one finds them again: what was wrong is mended, or the socket's file is made anew."""
    unix = f'\n[[listener]]\nname = "local"\naddress = "unix:{tmp_path}/folder/s"\n'
    (tmp_path / "folder").mkdir()
    one = daemon(SURVIVE + MAIN + unix, environment=keeper.environment)
    client, local = one.connect("main"), one.connect("local")
    one.signal(signal.SIGUSR2)
    assert one.wait() == 0
    if mend:
        shutil.rmtree(tmp_path / "folder")
        failed = daemon(SURVIVE + MAIN + unix, ready=False, expected_status=1, **keeper.successor())
        assert failed.wait() == 1
        (tmp_path / "folder").mkdir()
    else:
        (tmp_path / "folder/s").unlink()
    two = daemon(SURVIVE + MAIN + unix, **keeper.successor())
    client.expect_alive()
    local.expect_alive()
    two.connect("local").expect_alive()
    two.wait_for_log("2 connections go on from the process before; 0 could not")


def test_what_is_stored_is_no_state_of_ours(daemon, keeper):
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    right.send(b"x")
    keeper.stored[PARCEL] = left.detach()
    one = daemon(SURVIVE, **keeper.successor())
    one.wait_for_log("not all that the process before has left can be read: it is empty")
    one.connect().expect_alive()
    eventually(lambda: keeper.names() == [])


# --- replies that are owed

def relay_to(server):
    """CEIL stays ours; GET is passed on, and answered when the server does."""
    return ('[[relay]]\ncommands = ["GET"]\nhealth = "off"\ntimeout = "1h"\n'
            f'backends = ["127.0.0.1:{server.port}"]\n')


@pytest.fixture
def go():
    """Set at the end, so that nobody is waited for."""
    event = threading.Event()
    yield event
    event.set()


def test_an_owed_reply_is_waited_for(daemon, keeper, serve, go):
    """It comes while all others wait."""
    server = serve(held(go))
    one = daemon(SURVIVE + relay_to(server), environment=keeper.environment)
    client, other = one.connect(), one.connect()
    client.request("GET", "a").request("ECHO", "behind")
    eventually(lambda: one.info("clients")["blocked_clients"] == "1")
    one.signal(signal.SIGUSR2)
    one.wait_for_log("restarting on SIGUSR2")
    go.set()
    assert one.wait() == 0, one.log
    daemon(SURVIVE, **keeper.successor())
    assert client.reply() == "a"
    assert client.reply() == b"behind"
    other.expect_alive()


def test_a_reply_that_is_owed_for_too_long(daemon, keeper, serve, go):
    server = serve(held(go))
    one = daemon(SURVIVE + relay_to(server), environment=keeper.environment)
    client, other = one.connect(), one.connect()
    client.request("GET", "a")
    eventually(lambda: one.info("clients")["blocked_clients"] == "1")
    restart(daemon, keeper, one)
    assert "the server restarts, and the reply was not ready in time" in str(client.reply())
    client.expect_eof()
    other.expect_alive()
    one.wait_for_log("closed unanswered: the server restarts")


# --- signals in the middle of it

@pytest.fixture
def restarting(daemon, keeper, serve, go):
    """A daemon that waits for a reply that it owes."""
    server = serve(held(go))
    one = daemon(SURVIVE + relay_to(server), environment=keeper.environment, expected_status=None)
    one.connect().request("GET", "a")
    eventually(lambda: one.info("clients")["blocked_clients"] == "1")
    one.signal(signal.SIGUSR2)
    one.wait_for_log("restarting on SIGUSR2")
    return one


def test_stopped_while_it_restarts(restarting, keeper):
    """TERM makes a stop of it; and USR2 is no signal to end at once."""
    restarting.signal(signal.SIGUSR2)
    restarting.signal(signal.SIGTERM)
    restarting.wait_for_log("stopping on SIGTERM")
    restarting.signal(signal.SIGTERM)
    assert restarting.wait() == 0
    eventually(lambda: keeper.names() == [])


def test_shutdown_while_it_restarts(daemon, keeper, serve, go, tmp_path):
    """Administrators are heard while who cannot go is waited for."""
    authority = Authority(tmp_path / "authority")
    tls = tls_listener(authority.issue("server", ("DNS:localhost", "IP:127.0.0.1")))
    one = daemon(SURVIVE + MAIN + tls + admin_listener(tmp_path / "admin") + relay_to(serve(held(go))),
                 environment=keeper.environment)
    shielded = TlsClient(one.address("tls"), client_context(authority))
    admin = one.connect("admin")
    shielded.request("GET", "a")
    eventually(lambda: one.info("clients")["blocked_clients"] == "1")
    one.signal(signal.SIGUSR2)
    one.wait_for_log("restarting on SIGUSR2")
    admin.request("SHUTDOWN")
    one.wait_for_log("stopping on SHUTDOWN by")
    go.set()
    assert one.wait() == 0
    eventually(lambda: keeper.names() == [])


def test_killed_while_it_restarts(restarting, keeper, daemon):
    restarting.process.kill()
    restarting.process.wait()
    eventually(lambda: keeper.names() == [])
    daemon(SURVIVE, environment=keeper.environment).connect().expect_alive()
