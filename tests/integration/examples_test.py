# SPDX-License-Identifier: MIT
"""The services of tools/examples, built as their users build them, and talked to by clients."""

import shutil
import signal
import time

import pytest
import redis

from harness import resp
from harness.client import eventually
from harness.daemon import BIN_DIR, ROOT
from harness.net import run
from harness.postgres import Postgres

EXAMPLES = ROOT / "tools/examples"


def checked(*command, **options):
    done = run(*command, **options)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    """The [[module]] of an example, which is built when it is first asked for."""
    prefix = tmp_path_factory.mktemp("installed")
    checked("cmake", "--install", BIN_DIR.parent, "--prefix", prefix, "--component", "development")
    built = {}

    def build(folder, name):
        if name not in built:
            source = tmp_path_factory.mktemp(name)
            shutil.copytree(EXAMPLES / folder, source, dirs_exist_ok=True)
            checked("cmake", "-S", source, "-B", source / "build", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}",
                    "-DCMAKE_BUILD_TYPE=Release")
            checked("cmake", "--build", source / "build", seconds=110)
            built[name] = source / f"build/{name}.so"
            built[name].chmod(0o755)
            checked("ctest", "--test-dir", source / "build", "--output-on-failure")
        return f'[[module]]\npath = "{built[name]}"\n'
    return build


# --- rate_limiter

@pytest.fixture
def limiter(daemon, module):
    return lambda settings="": daemon(module("rate_limiter", "rate_limiter")
                                      + f"[handlers.rate_limiter]\n{settings}").connect()


def test_a_bucket_gives_what_it_has_and_says_how_long_to_wait(limiter):
    client = limiter('burst = 3\ntokens = 1\nperiod = "1h"\n')
    assert [client.call("TAKE", "ada")[:2] for _ in range(3)] == [[1, 2], [1, 1], [1, 0]]
    allowed, left, wait = client.call("TAKE", "ada")
    assert (allowed, left) == (0, 0) and 3_000_000 < wait <= 3_600_000
    assert client.call("TAKE", "bob")[0] == 1
    assert client.call("PEEK", "ada")[0] == 0
    assert client.call("REFILL", "ada") == 1
    assert client.call("PEEK", "ada") == [3, 0]
    assert client.call("REFILL", "ada") == 0


def test_waiting_exactly_as_long_as_it_says_is_enough(limiter):
    client = limiter('burst = 2\ntokens = 1\nperiod = "70ms"\n')
    client.call("TAKE", "ada", "2")
    for _ in range(5):
        allowed, _, wait = client.call("TAKE", "ada")
        if not allowed:
            time.sleep(wait / 1000)
            assert client.call("TAKE", "ada")[0] == 1


def test_the_whole_burst_at_once_is_possible_and_more_never(limiter):
    client = limiter('burst = 5\ntokens = 1\nperiod = "1h"\n')
    assert client.call("TAKE", "ada", "5") == [1, 0, 0]
    assert str(client.call("TAKE", "bob", "6")).startswith("NEVER a cost of 6 is more than a full bucket of 5")
    for bad in ("0", "-1", "many", "1.5"):
        assert str(client.call("TAKE", "bob", bad)).startswith("ERR the cost must be an integer")
    assert client.call("PEEK", "bob") == [5, 0]


def test_buckets_that_are_full_again_go_and_looking_keeps_none(limiter):
    client = limiter('burst = 1\ntokens = 1\nperiod = "50ms"\n')
    for number in range(1000):
        client.call("TAKE", f"user{number}")
        client.call("PEEK", f"other{number}")
    assert 0 < client.call("BUCKETS") <= 1000
    eventually(lambda: client.call("BUCKETS") == 0)


def test_a_full_table_forgets_who_is_nearest_to_full(limiter):
    client = limiter('burst = 10\ntokens = 1\nperiod = "1h"\nmax_buckets = 3\n')
    for name, cost in (("ada", 9), ("bob", 1), ("eve", 5), ("new", 1)):
        assert client.call("TAKE", name, str(cost))[0] == 1
    assert client.call("BUCKETS") == 3
    assert [client.call("PEEK", name)[0] for name in ("ada", "bob", "eve", "new")] == [1, 10, 5, 9]


# --- cache

@pytest.fixture
def cache(daemon, module):
    return lambda settings="": daemon(module("cache", "cache") + f"[handlers.cache]\n{settings}")


def test_a_stock_client_uses_the_cache(cache):
    one = cache()
    with redis.Redis(port=one.port, decode_responses=True) as client:
        assert client.set("greeting", "hello") and client.get("greeting") == "hello"
        assert client.ttl("greeting") == -1 and client.ttl("nothing") == -2
        assert client.set("soon", "gone", px=30) and 0 < client.pttl("soon") <= 30
        assert client.set("later", "x", ex=100) and 0 < client.ttl("later") <= 100
        assert client.exists("greeting", "later", "nothing") == 2
        eventually(lambda: client.get("soon") is None)
        assert client.delete("greeting", "nothing") == 1 and client.get("greeting") is None
        with pytest.raises(redis.ResponseError, match="invalid expire time"):
            client.set("key", "value", px=0)


def test_what_was_not_asked_for_longest_makes_room(cache):
    one = cache('max_memory = "10KiB"\nmax_value = "4KiB"\n')
    client = one.connect()
    for number in range(8):
        assert client.call("SET", f"key{number}", "x" * 1000) == "OK"
    client.call("GET", "key0")
    client.call("SET", "large", "x" * 3000)
    alive = [number for number in range(8) if client.call("EXISTS", f"key{number}")]
    assert 0 in alive and 1 not in alive and 7 in alive
    status = client.call("CACHESTATUS")
    assert dict(zip(status[::2], status[1::2], strict=True))[b"bytes"] <= 10240
    assert str(client.call("SET", "key", "x" * 5000)).startswith("ERR a value has at most 4096 bytes")


def test_watchers_hear_of_each_change_by_pushes(cache):
    one = cache()
    watcher, other = one.connect(), one.connect()
    assert str(watcher.call("WATCHKEY", "a")).startswith("ERR WATCHKEY needs HELLO 3")
    watcher.call("HELLO", "3")
    assert watcher.call("WATCHKEY", "a", "b") == "OK"

    def pushed():
        return watcher.reply()

    other.call("SET", "a", "1", "PX", "50")
    assert list(pushed()) == [b"keychange", b"set", b"a"]
    assert list(pushed()) == [b"keychange", b"expired", b"a"]
    other.call("SET", "b", "2")
    other.call("DEL", "b")
    assert [list(pushed())[1] for _ in range(2)] == [b"set", b"deleted"]
    assert watcher.call("UNWATCHKEY", "b") == 1
    other.call("SET", "b", "3")
    assert watcher.call("PING") == "PONG"
    watcher.close()
    eventually(lambda: other.call("CACHESTATUS")[5] == 0)


# --- postgres

@pytest.fixture(scope="module")
def cluster():
    one = Postgres()
    try:
        one.start()
        one.sql("CREATE TABLE users (id bigint PRIMARY KEY, name text);"
                "INSERT INTO users VALUES (1, 'Ada'), (2, 'Bob'), (3, NULL);"
                "CREATE ROLE reader LOGIN; GRANT SELECT ON users TO reader;")
        yield one
    finally:
        one.end()


@pytest.fixture
def postgres(cluster):
    """Running, as it was made."""
    if cluster.process is None:
        cluster.start()
    return cluster


@pytest.fixture
def users(daemon, module, postgres):
    def start(settings=""):
        one = daemon(module("postgres", "users")
                     + f'[handlers.users]\nconninfo = "{postgres.conninfo}"\n{settings}')
        client = one.connect()
        eventually(lambda: client.call("USER", "1") == b"Ada")
        return one
    return start


def is_error(reply, code):
    return isinstance(reply, resp.Error) and str(reply).startswith(code)


def field(client, name):
    status = client.call("USERSTATUS")
    return dict(zip(status[::2], status[1::2], strict=True))[name.encode()]


def test_the_database_is_asked(users):
    client = users().connect()
    assert client.call("USER", "2") == b"Bob"
    assert client.call("USER", "99") is None and client.call("USER", "3") is None
    assert is_error(client.call("USER", "1; DROP TABLE users"), "ERR a user's id is an integer")
    eventually(lambda: field(client, "open") == 4)


def test_a_slow_database_costs_a_timeout_and_nobody_else(users, postgres):
    one = users('query_timeout = "300ms"\n')
    client, other = one.connect(), one.connect()
    with postgres.locked("users"):
        client.request("USER", "1")
        assert other.call("PING") == "PONG"
        assert is_error(client.reply(), "TIMEOUT ")
    eventually(lambda: client.call("USER", "1") == b"Ada")


def test_more_than_may_wait_are_told_so(users, postgres):
    one = users('connections = 1\nmax_requests = 2\nquery_timeout = "20s"\n')
    clients = [one.connect() for _ in range(2)]
    other = one.connect()
    with postgres.locked("users"):
        for client in clients:
            client.request("USER", "1")
        eventually(lambda: field(other, "waiting") == 1)
        assert is_error(other.call("USER", "1"), "BUSY ")
    assert [client.reply() for client in clients] == [b"Ada", b"Ada"]


def test_who_leaves_is_forgotten(users, postgres):
    one = users('connections = 1\nmax_requests = 2\nquery_timeout = "20s"\n')
    clients = [one.connect() for _ in range(2)]
    other = one.connect()
    with postgres.locked("users"):
        for client in clients:
            client.request("USER", "1")
        eventually(lambda: field(other, "waiting") == 1)
        for client in clients:
            client.reset()
        eventually(lambda: field(other, "waiting") == 0)
        other.request("USER", "2")
        assert one.connect().call("PING") == "PONG"
    assert other.reply() == b"Bob"


def test_a_database_that_hangs_and_goes_on(users, postgres):
    one = users('query_timeout = "200ms"\nconnect_timeout = "200ms"\n')
    client, other = one.connect(), one.connect()
    postgres.hang()
    try:
        client.request("USER", "1")
        assert other.call("PING") == "PONG"
        assert is_error(client.reply(), "TIMEOUT ")
        eventually(lambda: is_error(client.call("USER", "1"), "UNAVAILABLE "))
        assert other.call("PING") == "PONG"
    finally:
        postgres.go_on()
    eventually(lambda: client.call("USER", "1") == b"Ada")


def test_a_database_that_is_killed_and_comes_back(users, postgres):
    one = users('query_timeout = "20s"\n')
    client, other = one.connect(), one.connect()
    with postgres.locked("users"):
        client.request("USER", "1")
        eventually(lambda: field(other, "busy") == 1)
        assert other.call("PING") == "PONG"
        postgres.kill()
    assert is_error(client.reply(), "UNAVAILABLE the database was lost")
    eventually(lambda: field(other, "failures") >= 3)
    assert is_error(client.call("USER", "1"), "UNAVAILABLE the database cannot be reached")
    assert other.call("PING") == "PONG"
    postgres.start()
    eventually(lambda: client.call("USER", "1") == b"Ada")


def test_a_database_with_no_more_room_is_asked_over_what_it_gives(users, postgres):
    postgres.kill()
    postgres.start("max_connections=5", "superuser_reserved_connections=3")
    one = users()
    client = one.connect()
    eventually(lambda: field(client, "open") == 2)
    eventually(lambda: field(client, "failures") >= 1)
    assert client.call("USER", "2") == b"Bob"
    postgres.kill()


def test_a_stop_does_not_wait_for_the_database(users, postgres):
    one = users('query_timeout = "300ms"\n')
    client = one.connect()
    with postgres.locked("users"):
        client.request("USER", "1")
        eventually(lambda: field(one.connect(), "busy") == 1)
        one.signal(signal.SIGTERM)
        assert is_error(client.reply(), "TIMEOUT ")
        assert one.wait() == 0
