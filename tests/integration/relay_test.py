# SPDX-License-Identifier: MIT
"""Commands that are passed on: to servers that answer, that are slow, that break the protocol, and that go away."""

import random
import socket
import struct
import threading

import pytest
from harness.client import eventually
from harness.scripted import answering, echo, held, replies
from harness.resp import Error, request


def relay(backends, commands=("GET", "SET"), **keys):
    """A [[relay]] table."""
    def value(each):
        if isinstance(each, (list, tuple)):
            return "[" + ", ".join(f'"{item}"' for item in each) + "]"
        return str(each) if isinstance(each, int) else f'"{each}"'

    keys = {"commands": commands, "backends": backends, "health": "off", **keys}
    return "[[relay]]\n" + "".join(f"{name} = {value(each)}\n" for name, each in keys.items())


def address_of(server):
    return f"unix:{server.unix_path}" if server.unix_path else f"127.0.0.1:{server.port}"


def named(name):
    """Answers with its own name and the last word."""
    return answering(lambda number, words: b"+%s:%s\r\n" % (name.encode(), words[-1]))


def backend_line(daemon, backend=1, table=1):
    line = daemon.info("handlers")[f"relay{table}_backend{backend}"]
    return dict(pair.split("=", 1) for pair in line.split(","))


# --- replies are the backend's

def test_a_reply_is_passed_on_as_it_is(daemon, serve):
    answers = [b"+OK\r\n", b":5\r\n", b"$-1\r\n", b"*-1\r\n", b"$4\r\na\r\nb\r\n", b"-WRONGTYPE not that\r\n",
               b"*2\r\n*1\r\n:1\r\n$-1\r\n", b"$0\r\n\r\n"]
    server = serve(replies(*answers))
    one = daemon(relay([address_of(server)]))
    client = one.connect()
    for answer in answers:
        client.request("GET", "key").expect(answer)
    client.expect_alive()
    assert server.received == request("GET", "key") * len(answers)


def test_a_pipeline_is_one_for_the_backend_too_and_keeps_its_order(daemon, serve):
    server = serve(echo)
    client = daemon(relay([address_of(server)])).connect()
    words = [f"value {number}" for number in range(500)]
    client.send(b"".join(request("SET", "key", word) for word in words) + request("PING"))
    for word in words:
        assert client.reply() == word.encode()
    client.expect(b"+PONG\r\n")


def test_replies_of_several_backends_keep_the_order_of_the_requests(daemon, serve):
    go = threading.Event()

    def slow(peer):
        peer.request()
        go.wait(30)
        peer.send(b"+slow\r\n")
        peer.wait_for_end()

    servers = [serve(slow), serve(named("quick"))]
    one = daemon(relay([address_of(s) for s in servers], choose="round_robin", timeout="30s"))
    client = one.connect()
    client.send(request("GET", "a") + request("GET", "b") + request("PING"))
    eventually(lambda: servers[1].received)
    client.expect_silence()
    go.set()
    client.expect(b"+slow\r\n+quick:b\r\n+PONG\r\n")


def test_resp3_passes_through_and_resp2_beside_it(daemon, serve):
    def script(peer):
        is_resp3 = False
        while (words := peer.request()) is not None:
            if words[0] == b"HELLO":
                is_resp3 = True
                peer.send(b"%1\r\n+proto\r\n:3\r\n")
            elif is_resp3:
                peer.send(b"|1\r\n+ttl\r\n:9\r\n%2\r\n+a\r\n,1.5\r\n+b\r\n#t\r\n")
            else:
                peer.send(b"*4\r\n$1\r\na\r\n$3\r\n1.5\r\n$1\r\nb\r\n:1\r\n")

    server = serve(script)
    one = daemon(relay([address_of(server)]))
    old, new, person = one.connect(), one.connect(), one.connect()
    new.request("HELLO", 3).reply()
    new.request("GET", "k").expect(b"|1\r\n+ttl\r\n:9\r\n%2\r\n+a\r\n,1.5\r\n+b\r\n#t\r\n")
    old.request("GET", "k").expect(b"*4\r\n$1\r\na\r\n$3\r\n1.5\r\n$1\r\nb\r\n:1\r\n")
    person.send(b"GET k\n")
    assert [person.read_line() for _ in range(4)] == [b"a", b"1.5", b"b", b"1"]


def test_a_server_without_hello_answers_resp3_clients_in_resp2(daemon, serve):
    server = serve(answering(lambda number, words: b"-ERR unknown command\r\n" if words[0] == b"HELLO"
                             else b"$-1\r\n"))
    client = daemon(relay([address_of(server)])).connect()
    client.request("HELLO", 3).reply()
    client.request("GET", "k").expect(b"$-1\r\n")


def test_a_transaction_gathers_what_is_passed_on(daemon, serve):
    client = daemon(relay([address_of(serve(echo))])).connect()
    client.send(request("MULTI") + request("GET", "a") + request("PING") + request("SET", "b", "c") +
                request("EXEC"))
    client.expect(b"+OK\r\n" + 3 * b"+QUEUED\r\n" + b"*3\r\n$1\r\na\r\n+PONG\r\n$1\r\nc\r\n")


def test_star_is_what_nobody_else_knows(daemon, serve):
    server = serve(echo)
    one = daemon(relay([address_of(server)], commands=["*"]))
    client = one.connect()
    assert client.call("JSON.GET", "doc") == b"doc"
    assert client.call("CEIL", "4.4") == 5
    assert client.call("anything", "at all") == b"at all"
    assert client.call("SUBSCRIBE", "news").startswith("RELAY 'SUBSCRIBE' would change a connection")
    assert client.call("XREAD", "BLOCK", "0", "STREAMS", "s", "$").startswith("RELAY 'XREAD'")
    client.expect_alive()
    assert "cmdstat_*" in one.info("commandstats")
    names = client.call("COMMAND", "LIST")
    assert b"ceil" in names and b"*" not in names


def test_a_unix_socket_is_a_backend(daemon, serve):
    client = daemon(relay([address_of(serve(echo, unix=True))])).connect()
    assert client.call("GET", "through a path") == b"through a path"


# --- which backend

def test_round_robin_takes_each_in_turn(daemon, serve):
    servers = [serve(named(name)) for name in "abc"]
    one = daemon(relay([address_of(s) for s in servers], choose="round_robin"))
    client = one.connect()
    names = [client.call("GET", "k")[:1] for _ in range(9)]
    assert sorted(names) == sorted("abc" * 3)


def test_least_pending_leaves_out_who_is_slow(daemon, serve):
    def never(peer):
        peer.wait_for_end()

    servers = [serve(never), serve(named("quick"))]
    one = daemon(relay([address_of(s) for s in servers], timeout="30s"))
    first, other = one.connect(), one.connect()
    first.request("GET", "k")  # which is stuck
    eventually(lambda: servers[0].received)
    for _ in range(20):
        assert other.call("GET", "k") == "quick:k"


def test_a_key_has_its_backend_whatever_the_order_of_the_list(daemon, serve):
    servers = [serve(named(name)) for name in "abcd"]
    addresses = [address_of(s) for s in servers]
    keys = [f"user:{number}" for number in range(200)]

    def owners(backends):
        client = daemon(relay(backends, choose="hash")).connect()
        return [client.call("GET", key)[:1] for key in keys]

    before = owners(addresses)
    assert set(before) == set("abcd")
    assert owners(addresses[::-1]) == before
    without = owners([a for a in addresses if a != addresses[1]])
    moved = [(old, new) for old, new in zip(before, without) if old != new]
    assert moved and all(old == "b" for old, _ in moved)


def test_a_key_of_a_backend_that_is_away_is_nobody_elses(daemon, serve):
    servers = [serve(named(name)) for name in "ab"]
    one = daemon(relay([address_of(s) for s in servers], choose="hash", hash_argument=2))
    client = one.connect()
    mine = next(f"k{n}" for n in range(100) if client.call("SET", "x", f"k{n}")[:1] == "a")
    servers[0].stop_listening()
    servers[0].close_connections()
    eventually(lambda: client.call("SET", "y", mine).startswith("RELAY"))
    other = next(f"k{n}" for n in range(100) if client.call("SET", "x", f"k{n}")[:1] == "b")
    assert client.call("SET", "y", other) == f"b:{other}"


# --- what goes wrong is the relay's word, and costs one error each

def test_a_late_reply_is_thrown_away_and_reaches_nobody(daemon, serve):
    go = threading.Event()

    def script(peer):
        peer.request()
        go.wait(30)
        peer.send(b"+late\r\n")
        while (words := peer.request()) is not None:
            peer.send(b"+%s\r\n" % words[-1])

    one = daemon(relay([address_of(serve(script))], timeout="100ms", max_failures=1000))
    client = one.connect()
    assert client.call("GET", "first") == Error("RELAY backend "
                                                f"{backend_line(one)['address']} gave no answer in time")
    client.request("GET", "second")
    go.set()
    assert client.reply() in ("second", Error("RELAY backend "
                                              f"{backend_line(one)['address']} gave no answer in time"))
    eventually(lambda: client.call("GET", "third") == "third")
    assert int(backend_line(one)["thrown_away"]) >= 1


@pytest.mark.parametrize("nonsense", [b"hello\r\n", b"$5\r\nabc", b"*1000000000\r\n", b"+OK\r\n+more\r\n",
                                      b"*1\r\n" * 1000, b"\0" * 100, b"$-7\r\n"])
def test_a_backend_that_breaks_the_protocol_loses_its_connection_and_not_ours(daemon, serve, nonsense):
    def script(peer):
        while peer.request() is not None:
            peer.send(nonsense)
            if nonsense == b"$5\r\nabc":
                return

    server = serve(script)
    one = daemon(relay([address_of(server)], max_failures=1000, timeout="5s"))
    client = one.connect()
    for _ in range(3):
        reply = client.call("GET", "k")
        assert str(reply).startswith("RELAY") or reply == "OK"
        client.expect_alive()
    eventually(lambda: server.connections > 1)


def test_a_crash_costs_one_error_for_each_that_waited_and_the_next_is_served(daemon, serve):
    def script(peer):
        if peer.server.connections == 1:
            for _ in range(16):
                peer.request()
            return  # it crashes
        echo(peer)

    one = daemon(relay([address_of(serve(script))]))
    client = one.connect()
    client.send(b"".join(request("GET", number) for number in range(16)))
    for _ in range(16):
        assert "was lost before it answered" in client.reply()
    eventually(lambda: client.call("GET", "d") == b"d")
    assert backend_line(one)["circuit_openings"] == "0"  # it was one failure


def test_nobody_there_is_an_error_and_comes_back_by_itself(daemon, tmp_path, serve):
    path = tmp_path / "late.sock"
    one = daemon(relay([f"unix:{path}"]))
    client = one.connect()
    assert client.call("GET", "k").startswith("RELAY")
    client.expect_alive()
    # To knock in vain opens no circuit: who is back is asked again at once.
    eventually(lambda: int(backend_line(one)["failed_attempts"]) > 6)
    assert backend_line(one)["circuit"] == "closed"
    serve(echo, unix=path)
    eventually(lambda: client.call("GET", "k") == b"k")
    one.wait_for_log("connected")
    assert one.log.count("cannot connect") == 1


def test_a_circuit_opens_and_one_ping_closes_it(daemon, serve):
    is_sick = threading.Event()
    is_sick.set()
    asked = []

    def script(peer):
        while (words := peer.request()) is not None:
            asked.append(words[0])
            if not is_sick.is_set():
                peer.send(b"+PONG\r\n" if words[0] == b"PING" else b"+well\r\n")

    one = daemon(relay([address_of(serve(script))], timeout="50ms", max_failures=3))
    client = one.connect()
    eventually(lambda: client.call("GET", "k") and backend_line(one)["circuit"] == "open")
    live = asked.count(b"GET")
    assert client.call("GET", "k") == Error("RELAY no backend can be asked now; try again in a moment")
    eventually(lambda: asked.count(b"PING") >= 2)
    assert asked.count(b"GET") == live >= 3  # no live request has probed
    is_sick.clear()
    eventually(lambda: client.call("GET", "k") == "well")
    one.wait_for_log("failed 3 times in a row")
    one.wait_for_log("has answered a PING")


def test_a_circuit_counts_the_losses_of_both_connections(daemon, serve):
    """One that speaks RESP3 with clients that do, and falls over their requests."""
    def script(peer):
        is_resp3 = False
        while (words := peer.request()) is not None:
            if words[0] == b"HELLO":
                is_resp3 = True
                peer.send(b"%1\r\n+proto\r\n:3\r\n")
            elif is_resp3:
                return
            elif words[0] == b"GET":
                peer.send(b"+well\r\n")

    one = daemon(relay([address_of(serve(script))], max_failures=3))
    old, new = one.connect(), one.connect()
    new.request("HELLO", 3).reply()
    assert old.call("GET", "k") == "well"
    eventually(lambda: new.call("GET", "k") and backend_line(one)["circuit"] == "open")
    one.wait_for_log("failed 3 times in a row")


def test_health_finds_out_without_any_traffic(daemon, serve):
    server = serve(answering(lambda number, words: b"+PONG\r\n"))
    daemon(relay([address_of(server)], health="20ms"))
    eventually(lambda: server.received.count(b"PING") > 3)


# --- bounds

def test_a_full_queue_is_an_error_and_clears(daemon, serve):
    go = threading.Event()
    one = daemon(relay([address_of(serve(held(go)))], max_pending=8, timeout="30s"))
    clients = [one.connect() for _ in range(8)]
    for client in clients:
        client.request("GET", "k")
    eventually(lambda: backend_line(one)["pending"] == "8")
    late = one.connect()
    assert "has 8 requests waiting" in late.call("GET", "k")
    go.set()
    for client in clients:
        assert client.reply() == "k"
    assert late.call("GET", "again") == "again"


def test_one_client_cannot_fill_the_queue_of_all(daemon, serve):
    go = threading.Event()
    one = daemon(relay([address_of(serve(held(go)))], max_pending=100, timeout="30s"))
    greedy, modest = one.connect(), one.connect()
    greedy.send(b"".join(request("GET", number) for number in range(300)))
    # Half of what may wait, and one more that was told to hold the next.
    eventually(lambda: int(backend_line(one)["pending"]) == 52)
    modest.request("GET", "mine")
    eventually(lambda: int(backend_line(one)["pending"]) == 53)
    go.set()
    assert modest.reply() == "mine"
    for number in range(300):
        assert greedy.reply() == str(number)


def test_long_requests_of_one_client_come_one_at_a_time(daemon, serve):
    go = threading.Event()
    one = daemon(relay([address_of(serve(held(go)))], timeout="30s"))
    client = one.connect()
    client.send(request("SET", "k", "x" * 20_000) * 4)
    eventually(lambda: backend_line(one)["pending"] == "1")
    client.expect_silence()
    assert backend_line(one)["pending"] == "1"
    go.set()
    client.expect((b"+" + b"x" * 20_000 + b"\r\n") * 4)


def test_clients_that_leave_while_they_wait_free_their_place(daemon, serve):
    go = threading.Event()
    one = daemon(relay([address_of(serve(held(go)))], timeout="30s"))
    clients = [one.connect(track=False) for _ in range(300)]
    for number, client in enumerate(clients):
        client.request("GET", number)
    eventually(lambda: backend_line(one)["pending"] == "300")
    for client in clients:
        client.reset()
    eventually(lambda: one.info("clients")["connected_clients"] == "1")
    go.set()
    eventually(lambda: backend_line(one)["pending"] == "0")
    assert backend_line(one)["thrown_away"] == "300"
    assert one.connect().call("GET", "after") == "after"


def test_a_thousand_clients_and_a_backend_that_stops_cost_a_bounded_memory(daemon, serve):
    one = daemon(relay([address_of(serve(lambda peer: peer.wait_for_end()))], timeout="30s", max_pending=4000) +
                 "[limits]\nmax_buffer_memory = \"32MiB\"\n")
    before = one.memory_bytes()
    clients = [one.connect(track=False) for _ in range(1000)]
    for client in clients:
        client.send(request("SET", "k", "x" * 1000) * 8)
    eventually(lambda: int(backend_line(one)["pending"]) >= 2500)
    assert one.memory_bytes() - before < 64 << 20
    for client in clients:
        client.close()
    one.connect().expect_alive()


# --- life

def test_sigterm_waits_for_what_is_passed_on(daemon, serve):
    asked, go = threading.Event(), threading.Event()

    def script(peer):
        peer.request()
        asked.set()
        go.wait(30)
        peer.send(b"+in time\r\n")
        peer.wait_for_end()

    one = daemon(relay([address_of(serve(script))], timeout="30s"))
    client = one.connect()
    client.request("GET", "k")
    assert asked.wait(30)
    one.signal(15)
    one.wait_for_log("draining|SIGTERM")
    go.set()
    assert client.reply() == "in time"
    client.expect_eof()
    assert one.wait() == 0


def test_a_reload_changes_the_backends_and_loses_no_request(daemon, serve):
    servers = [serve(named(name)) for name in "abc"]
    addresses = [address_of(s) for s in servers]
    lists = [addresses[:1], addresses[:2], addresses[1:], addresses[2:], addresses]
    one = daemon(relay(lists[0]))
    client = one.connect()
    stop = threading.Event()
    wrong = []

    def ask():
        with one.connect(track=False) as mine:
            number = 0
            while not stop.is_set():
                mine.send(b"".join(request("GET", number + i) for i in range(20)))
                for i in range(20):
                    reply = mine.reply()
                    if reply[1:] != f":{number + i}":
                        wrong.append(reply)
                number += 20

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    base = one.config_path.read_text().split("[[listener]]")[1]
    for turn in range(20):
        wanted = lists[turn % len(lists)]
        one.reload(relay(wanted) + "[[listener]]" + base)
        eventually(lambda: client.call("CONFIG", "GET", "relay.1.backends")[1].decode() == " ".join(wanted))
    stop.set()
    for thread in threads:
        thread.join()
    assert not wrong, wrong[:5]
    assert {client.call("GET", "k")[0] for _ in range(30)} == set("abc")


def test_what_a_reload_cannot_change_waits_for_a_restart(daemon, serve):
    address = address_of(serve(echo))
    one = daemon(relay([address]))
    base = one.config_path.read_text().split("[[listener]]")[1]
    one.reload(relay([address], commands=["GET", "DEL"]) + "[[listener]]" + base)
    one.wait_for_log(r"relay\.1\.commands.*restart")
    client = one.connect()
    assert client.call("SET", "a", "b") == b"b"
    assert client.call("DEL", "a").startswith("ERR unknown command")


@pytest.mark.parametrize("table, problem", [
    ('commands = ["GET"]', "says no backends"),
    ('backends = ["127.0.0.1:1"]', "says no commands"),
    ('commands = ["GET"]\nbackends = ["127.0.0.1"]', "backend '127.0.0.1'"),
    ('commands = ["SUBSCRIBE"]\nbackends = ["127.0.0.1:1"]', "'SUBSCRIBE' changes the connection"),
    ('commands = ["GET"]\nbackends = ["a:1", "a:1"]', "backend 'a:1' is there twice"),
    (f'commands = ["GET"]\nbackends = {[f"a:{n}" for n in range(1, 66)]}', "relay.backends"),
    (f'commands = {[f"c{n}" for n in range(1, 1002)]}\nbackends = ["a:1"]', "relay.commands"),
    ('commands = ["CEIL"]\nbackends = ["127.0.0.1:1"]', "command 'ceil'"),
    ('commands = ["two words"]\nbackends = ["127.0.0.1:1"]', "a name is"),
    ('commands = ["GET"]\nbackends = ["127.0.0.1:1"]\nchose = "hash"', "did you mean 'choose'"),
], ids=lambda text: text[-30:])
def test_a_mistake_in_the_table_is_named(daemon, table, problem):
    one = daemon(f"[[relay]]\n{table}\n", ready=False, expected_status=None)
    assert one.wait() != 0
    assert problem in one.log


# --- the walk

@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=[pytest.mark.long, pytest.mark.release_only])])
def test_whenever_a_backend_is_killed_every_request_gets_one_reply_and_its_own(daemon, serve, seed):
    """Backends that cut each conversation at a random byte. `GET key` is answered with the key, or with an error
    of the relay: never with another's, never twice, never not at all."""
    chance = random.Random(seed)
    kills = [0]

    def script(peer):
        left = chance.randrange(1, 4000 if seed == 1 else 400)
        while (words := peer.request()) is not None:
            answer = b"$%d\r\n%s\r\n" % (len(words[-1]), words[-1])
            if len(answer) > left:
                peer.send(answer[:left])
                kills[0] += 1
                if chance.random() < 0.5:
                    peer.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
            left -= len(answer)
            peer.send(answer)

    servers = [serve(script) for _ in range(3)]
    one = daemon(relay([address_of(s) for s in servers], max_failures=1_000_000, timeout="20s"))
    wanted = 10_000 if seed > 1 else 300
    counts = {"own": 0, "error": 0}
    failures = []

    def ask(number):
        with one.connect(track=False) as mine:
            request_number = 0
            while kills[0] < wanted and not failures:
                keys = [f"{number}:{request_number + i}:" + "x" * (i * 7 % 90) for i in range(16)]
                request_number += 16
                mine.send(b"".join(request("GET", key) for key in keys))
                for key in keys:
                    reply = mine.reply()
                    if isinstance(reply, Error):
                        counts["error"] += 1
                        if not reply.startswith("RELAY"):
                            failures.append(reply)
                    elif reply == key.encode():
                        counts["own"] += 1
                    else:
                        failures.append((key, reply))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[:5]
    assert counts["own"] > wanted and counts["error"] > 0
    one.connect().expect_alive()
