# SPDX-License-Identifier: MIT
"""Connections that outlive kill -9 (server.survive = "crash"), with a service manager's store beside the process."""

import hashlib
import os
import signal
import socket
import struct
import threading
import time

import pytest

from harness import resp
from harness.client import eventually
from harness.daemon import SANITIZED

SURVIVE = '[server]\nsurvive = "crash"\n'
KEPT = "reactord-kept"
TOKEN = hashlib.sha256(b"as long as one that is random").hexdigest()
TOKEN_HASH = "sha256:" + hashlib.sha256(TOKEN.encode()).hexdigest()
MAIN = '\n[[listener]]\nname = "main"\naddress = "127.0.0.1:0"\n'
LINES = '\n[[listener]]\nname = "lines"\naddress = "127.0.0.1:0"\nframing = "line"\nhandler = "ceil"\n'
IN_WORK = (b"ERR the server crashed while a request of this connection was in work; whether it was done is "
           b"not known: connect again")
# Older than a second, and a round later: there is no reply that tells of it.
UNTIL_KEPT = 2.2


def kill(daemon, keeper, before, config=SURVIVE, number=signal.SIGKILL):
    """What a crash does, and the service manager after it; the next process."""
    before.kill(number)
    return daemon(config, **keeper.successor())


def start(daemon, keeper, config=SURVIVE):
    one = daemon(config, environment=keeper.environment)
    eventually(lambda: keeper.names() == [KEPT], what="something to keep")
    return one


def test_at_rest_all_go_on_20_times(daemon, keeper):
    process = start(daemon, keeper)
    clients = [process.connect() for _ in range(300)]
    for number, client in enumerate(clients):
        client.call("HELLO", str(2 + number % 2))
        client.call("CLIENT", "SETNAME", f"client-{number}")
    idle = process.connect()
    ids = [client.call("CLIENT", "ID") for client in clients]
    time.sleep(UNTIL_KEPT)
    for _ in range(20):
        process = kill(daemon, keeper, process)
        process.wait_for_log("301 connections go on after a crash; 0 were not at rest and are closed; 0 could not")
        eventually(lambda: keeper.names() == [KEPT])
        process.wait_for_log("ready")
    assert [client.call("CLIENT", "ID") for client in clients] == ids
    for number, client in enumerate(clients):
        assert client.call("CLIENT", "GETNAME") == f"client-{number}".encode()
        assert f"resp={2 + number % 2}" in str(client.call("CLIENT", "INFO"))
    idle.expect_alive()
    assert process.info("clients")["connected_clients"] == "302"


@pytest.mark.parametrize("number", [
    pytest.param(signal.SIGSEGV, id="crash",
                 marks=pytest.mark.skipif(SANITIZED, reason="a sanitizer takes it for its own, and reports")),
    pytest.param(signal.SIGABRT, id="watchdog")])
def test_whatever_ends_it(daemon, keeper, number):
    one = start(daemon, keeper)
    client = one.connect()
    client.expect_alive()
    time.sleep(UNTIL_KEPT)
    kill(daemon, keeper, one, number=number)
    client.expect_alive()


def test_what_nobody_had_begun_to_read_is_answered(daemon, keeper):
    one = start(daemon, keeper)
    client = one.connect()
    client.expect_alive()
    time.sleep(UNTIL_KEPT)
    one.signal(signal.SIGSTOP)
    client.request("ECHO", "still here")
    kill(daemon, keeper, one)
    assert client.reply() == b"still here"


def test_in_work_is_closed_and_told(daemon, keeper):
    config = SURVIVE + MAIN + LINES
    one = start(daemon, keeper, config)
    half, line, rest = one.connect("main"), one.connect("lines"), one.connect("main")
    for client in (half, rest):
        client.expect_alive()
    line.send(b"1.5\n").expect(b"2\n")
    time.sleep(UNTIL_KEPT)
    half.send(resp.request("ECHO", "never")[:-3])
    line.send(b"4.")
    eventually(lambda: b"qbuf=2 " in one.connect("main", track=False).call("CLIENT", "LIST"), what="half a line")
    two = kill(daemon, keeper, one, config)
    assert half.read_until_eof() == b"-" + IN_WORK + b"\r\n"
    assert line.read_until_eof() == b"(error) " + IN_WORK + b"\n"
    rest.expect_alive()
    two.wait_for_log("1 connections go on after a crash; 2 were not at rest and are closed; 0 could not")
    two.wait_for_log("closed: the process before has crashed while it was not at rest")


def test_a_reply_that_is_cut_off_does_not_look_whole(daemon, keeper):
    one = start(daemon, keeper)
    client = one.connect()
    client.expect_alive()
    time.sleep(UNTIL_KEPT)
    size = 8 << 20
    client.send(resp.request("ECHO", b"x" * size))
    eventually(lambda: b"obl=0 " not in one.connect(track=False).call("CLIENT", "LIST", "ID", "1"),
               what="a reply that is not taken")
    kill(daemon, keeper, one)
    got = 0
    with pytest.raises(ConnectionResetError):
        while piece := client.socket.recv(1 << 20):
            got += len(piece)
    assert got < size


def test_what_only_the_process_knew_ends_without_a_word(daemon, keeper, tmp_path):
    config = SURVIVE + MAIN + f'\n[[listener]]\nname = "admin"\naddress = "unix:{tmp_path}/a"\nrole = "admin"\n'
    one = start(daemon, keeper, config)
    queued, watcher, done = one.connect("main"), one.connect("admin"), one.connect("main")
    assert queued.call("MULTI") == "OK"
    assert watcher.call("MONITOR") == "OK"
    assert done.call("MULTI") == "OK"
    time.sleep(UNTIL_KEPT)
    assert done.call("EXEC") == []
    one.connect("main").expect_alive()  # the loop has come round: what was sent is noted as sent
    kill(daemon, keeper, one, config)
    assert queued.read_until_eof() == b""
    watcher.read_until_eof()
    done.expect_alive()


def test_under_load_each_is_answered_or_closed(daemon, keeper):
    """Pipelines of 16: replies in order, each once; then, perhaps, the error, and the end in any case."""
    process = start(daemon, keeper)
    clients = [process.connect() for _ in range(20)]
    stop, wrong = threading.Event(), []

    def play(client, seed):
        sent = 0
        try:
            while not stop.is_set():
                words = [b"%d-%d" % (seed, sent + i) for i in range(16)]
                client.send(b"".join(resp.request("ECHO", word) for word in words))
                for word in words:
                    got = client.reply()
                    if got == IN_WORK.decode():
                        rest = client.read_until_eof()
                        return wrong.append(rest) if rest else None
                    if got != word:
                        return wrong.append((got, word))
                sent += 16
        except (AssertionError, OSError) as problem:  # it has ended
            if "not a RESP reply" in str(problem):
                wrong.append(problem)
        return None

    players = [threading.Thread(target=play, args=(client, seed)) for seed, client in enumerate(clients)]
    for player in players:
        player.start()
    time.sleep(UNTIL_KEPT)
    process = kill(daemon, keeper, process)
    process.wait_for_log("connections go on after a crash")
    stop.set()
    for player in players:
        player.join()
    assert not wrong, wrong


def test_a_user_stays_and_one_that_is_gone_does_not(daemon, keeper):
    def users(*names):
        return SURVIVE + MAIN + 'require = "user"\n' + "".join(
            f'\n[[user]]\nname = "{name}"\npassword = "{TOKEN_HASH}"\ncommands = ["public", "acl"]\n'
            for name in names)

    one = start(daemon, keeper, users("ann", "bob"))
    ann, bob, nobody = one.connect(), one.connect(), one.connect()
    for client, name in ((ann, "ann"), (bob, "bob")):
        assert client.call("AUTH", name, TOKEN) == "OK"
    time.sleep(UNTIL_KEPT)
    kill(daemon, keeper, one, users("ann"))
    assert ann.call("ACL", "WHOAMI") == b"ann"
    assert "NOAUTH" in str(nobody.call("CEIL", "1.5"))
    bob.read_until_eof()


# --- what a copy of a socket in the queue must not change

def test_closes_are_seen_at_once(daemon, keeper, tmp_path):
    config = SURVIVE + '[deadlines]\nwrite_stall = "1s"\n' + MAIN + f'\n[[listener]]\nname = "admin"\naddress = "unix:{tmp_path}/a"\nrole = "admin"\n'
    one = start(daemon, keeper, config)
    quits, killed, finished, reader = (one.connect("main") for _ in range(4))
    for client in (quits, killed, finished, reader):
        client.expect_alive()
    time.sleep(UNTIL_KEPT)
    assert quits.call("QUIT") == "OK"
    quits.expect_eof()
    finished.half_close()
    finished.expect_eof()
    number = killed.call("CLIENT", "ID")
    assert one.connect("admin").call("CLIENT", "KILL", "ID", str(number)) == 1
    killed.expect_eof()
    # With a reply that is cut off: by a reset.
    reader.send(resp.request("ECHO", b"x" * (8 << 20)))
    one.wait_for_log("took no reply for deadlines.write_stall")
    with pytest.raises(ConnectionResetError):
        while reader.socket.recv(1 << 20):
            pass
    eventually(lambda: one.info("clients")["connected_clients"] == "1")


def test_a_clients_reset_is_seen(daemon, keeper):
    one = start(daemon, keeper)
    client = one.connect()
    client.expect_alive()
    time.sleep(UNTIL_KEPT)
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.socket.close()
    eventually(lambda: one.info("clients")["connected_clients"] == "1")
    two = kill(daemon, keeper, one)
    two.connect().expect_alive()


# --- the ends of a process that are in order

def test_a_stop_leaves_nothing(daemon, keeper):
    one = start(daemon, keeper)
    client = one.connect()
    client.expect_alive()
    time.sleep(UNTIL_KEPT)
    assert one.stop() == 0
    client.expect_eof()
    eventually(lambda: keeper.names() == [])


def test_a_restart_hands_over(daemon, keeper):
    one = start(daemon, keeper)
    clients = [one.connect() for _ in range(3)]
    for client in clients:
        client.expect_alive()
    time.sleep(UNTIL_KEPT)
    one.signal(signal.SIGUSR2)
    assert one.wait() == 0
    eventually(lambda: keeper.names() == ["reactord-connections"])
    two = daemon(SURVIVE, **keeper.successor())
    two.wait_for_log("3 connections go on from the process before; 0 could not")
    eventually(lambda: keeper.names() == [KEPT])
    time.sleep(UNTIL_KEPT)
    three = kill(daemon, keeper, two)
    three.wait_for_log("3 connections go on after a crash; 0 were not at rest and are closed; 0 could not")
    for client in clients:
        client.expect_alive()


def test_without_it_nothing_is_kept(daemon, keeper):
    one = daemon('[server]\nsurvive = "restart"\n', environment=keeper.environment)
    one.connect().expect_alive()
    eventually(lambda: keeper.names() == [])
    assert "reactord-kept" not in "".join(
        os.readlink(f"/proc/{one.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{one.pid}/fd"))


def test_memory_that_the_kernel_refuses(daemon, keeper):
    one = daemon(SURVIVE, prefix=("prlimit", "--fsize=10000000"), environment=keeper.environment)
    one.wait_for_log("connections do not outlive a crash: ftruncate: File too large")
    one.connect().expect_alive()
    eventually(lambda: keeper.names() == [])


def test_the_next_one_does_not_want_it(daemon, keeper):
    """They go on once more; and from then on nobody is kept."""
    one = start(daemon, keeper)
    client = one.connect()
    client.expect_alive()
    time.sleep(UNTIL_KEPT)
    two = kill(daemon, keeper, one, '[server]\nsurvive = "no"\n')
    two.wait_for_log("1 connections go on after a crash")
    client.expect_alive()
    eventually(lambda: keeper.names() == [])
