# SPDX-License-Identifier: MIT
"""Client libraries: what each sends of its own accord, by a recorder, and that it says nothing on
stderr. protocol/README.md shows the same as a table."""

import hashlib
import json
import os
import pathlib
from dataclasses import dataclass

import pytest
import redis

from harness.daemon import ROOT
from harness.net import program, run
from harness.recorder import Recorder
from harness.tls import Authority, tls_listener

HERE = pathlib.Path(__file__).resolve().parent
NODE_DIR = pathlib.Path(os.environ.get(
    "REACTORD_NODE_DIR",
    pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache"))
    / "reactord-tests/node"))

NO_MAINTENANCE = "ERR unknown subcommand 'MAINT_NOTIFICATIONS'. Try CLIENT HELP."


@dataclass
class Library:
    """A script plays each library: ECHO begin, CEIL, TEXT, a pipeline, a request whose connection
    is cut, ECHO again, ECHO end."""
    name: str
    version: str
    command: tuple
    connecting: list    # what it sends before "begin", and again when it comes back
    closing: list       # behind "end"
    errors: tuple = ()  # replies that it expects, and says nothing about
    returning: list = None  # where that is not what it sent before "begin"
    transacts: bool = True  # has a way of its own to send MULTI ... EXEC


def node(script, *arguments):
    return ("node", script, *arguments)


def script(*command):
    return command[:-1] + (HERE / "client_scripts" / command[-1],)


SETINFO = ["CLIENT SETINFO", "CLIENT SETINFO"]
LIBRARIES = [
    Library("redis (Node), RESP3", "6.3.1", node("node_redis.mjs", "3"),
            ["HELLO 3 SETNAME", *SETINFO, "CLIENT MAINT_NOTIFICATIONS"], [],
            (NO_MAINTENANCE, NO_MAINTENANCE)),
    Library("redis (Node), RESP2", "6.3.1", node("node_redis.mjs", "2"),
            ["CLIENT SETNAME", *SETINFO], []),
    Library("ioredis", "6.0.0", node("ioredis.mjs", "ioredis"),
            ["HELLO 3", "CLIENT SETNAME", *SETINFO, "INFO"], ["QUIT"]),
    Library("iovalkey", "0.4.0", node("ioredis.mjs", "iovalkey"),
            ["INFO", "CLIENT SETNAME"], ["QUIT"]),
    Library("valkey-glide (Node), RESP3", "2.5.2", node("glide.mjs", "3"),
            ["HELLO 3", "CLIENT SETNAME", *SETINFO, "INFO REPLICATION"], [],
            returning=["HELLO 3", "CLIENT SETNAME", *SETINFO, "PING"]),
    Library("valkey-glide (Node), RESP2", "2.5.2", node("glide.mjs", "2"),
            ["CLIENT SETNAME", *SETINFO, "INFO REPLICATION"], [],
            returning=["CLIENT SETNAME", *SETINFO, "PING"]),
    Library("redis (Python)", "4.3.4", script("/usr/bin/python3", "-B", "python_redis.py"),
            ["PING", "CLIENT SETNAME"], [], returning=["CLIENT SETNAME"]),
    Library("phpredis", "5.3.7", script("php", "phpredis.php"), ["SELECT 0"], []),
    Library("Predis", "1.1.10", script("php", "-d", "include_path=/usr/share/php", "predis.php"),
            ["SELECT 0"], []),
    Library("redis (Ruby)", "4.8.0", script("ruby", "ruby_redis.rb"), ["CLIENT SETNAME"], ["QUIT"]),
    Library("Redis (Perl)", "2.000", script("perl", "perl_redis.pl"), ["CLIENT SETNAME"], ["QUIT"]),
    Library("redis-lua", "2.0.5", script("lua5.1", "lua_redis.lua"), [], ["QUIT"],
            transacts=False),
    Library("hiredis", "0.14.1", ("hiredis",), [], [], transacts=False),
]


@pytest.fixture(scope="module")
def hiredis(tmp_path_factory):
    built = tmp_path_factory.mktemp("hiredis") / "hiredis"
    done = run(program("gcc"), HERE / "client_scripts/hiredis.c", "-o", built, "-lhiredis",
               seconds=60)
    assert done.returncode == 0, done.stderr
    return built


def command_line(library, hiredis, port):
    first, *rest = library.command
    if first == "hiredis":
        return [hiredis, port]
    if first == "node":
        return node_command(rest[0], port, *rest[1:])
    return [program(pathlib.Path(first).name), *rest, port]


def node_command(name, *arguments):
    """Node looks for packages beside the script, so the script is run from a copy there."""
    assert (NODE_DIR / "node_modules").is_dir(), \
        f"no npm packages in {NODE_DIR}; tools/test puts them there"
    copy = NODE_DIR / name
    copy.write_bytes((HERE / "node" / name).read_bytes())
    return [program("node"), copy, *arguments]


def shown(words):
    """HELLO 3 SETNAME, CLIENT SETINFO, INFO REPLICATION: without names and versions."""
    upper = [word.upper() for word in words]
    if upper[0] == "HELLO":
        return " ".join(upper[:3])
    return " ".join(upper[:2]) if upper[0] in ("CLIENT", "INFO", "SELECT") else upper[0]


def before_the_first_echo(requests):
    sent = [shown(words) for words in requests]
    return sent[:sent.index("ECHO")]


def behind_the_last_echo(requests):
    sent = [shown(words) for words in reversed(requests)]
    return sent[:sent.index("ECHO")][::-1]


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.name)
def test_a_library_connects_works_comes_back_and_closes(shared, hiredis, library):
    with Recorder(shared.address("main")) as recorder:
        done = run(*command_line(library, hiredis, recorder.port), seconds=60)
        assert (done.returncode, done.stderr) == (0, ""), done
    transaction = {"transaction": [4, 5]} if library.transacts else {}
    assert json.loads(done.stdout) == {
        "begin": "begin", "ceil": 5, "text": "HELLO world", "pipelined": [2, 3], "again": "again",
        "end": "end", **transaction}
    first, second = recorder.requests()
    assert before_the_first_echo(first) == library.connecting
    assert before_the_first_echo(second) == (library.returning or library.connecting)
    assert behind_the_last_echo(second) == library.closing
    assert tuple(recorder.errors()) == library.errors


@pytest.mark.parametrize("package", ["redis", "ioredis", "iovalkey"])
def test_node_as_a_user_over_tls(daemon, tmp_path, package):
    authority = Authority(tmp_path)
    token = "0123456789abcdef0123456789abcdef"
    sha256 = hashlib.sha256(token.encode()).hexdigest()
    one = daemon(f'[[user]]\nname = "ada"\npassword = "sha256:{sha256}"\n' + tls_listener(
        authority.issue("server", ("DNS:localhost",)), listener='require = "user"\n'))
    done = run(*node_command("over_tls.mjs", one.address("tls")[1], package, authority.ca, "ada", token),
               seconds=60)
    assert (done.returncode, done.stderr) == (0, ""), done
    assert json.loads(done.stdout) == ["ada", *range(1, 101), 1 << 20]


def test_the_table_of_libraries_says_what_was_recorded():
    page = (ROOT / "protocol/README.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    for library in LIBRARIES:
        beginning = f"| {library.name} | {library.version} |"
        row, = [row for row in rows if row.startswith(beginning)] or [""]
        assert row, f"protocol/README.md has no row for {beginning}"
        for sent in [*library.connecting, *library.closing, *(library.returning or [])]:
            assert f"`{sent}`" in row, row


# --- what they ask when they are told to

@pytest.fixture
def python(shared):
    with redis.Redis("127.0.0.1", shared.port, decode_responses=True, socket_timeout=10) as client:
        yield client


def test_questions_about_a_server(python):
    seconds, microseconds = python.time()
    assert seconds > 1_700_000_000 and 0 <= microseconds < 1_000_000
    assert python.role() == ["master", 0, []]
    assert python.dbsize() == 0
    assert python.module_list() == []
    assert python.acl_whoami() == "default"
    assert python.client_no_evict("OFF") == "OK"
    assert python.execute_command("CLIENT", "NO-TOUCH", "ON") == "OK"


@pytest.mark.parametrize("question", [
    "CLUSTER INFO", "CLUSTER SLOTS", "CLUSTER SHARDS", "CLUSTER HELP", "CLUSTER", "READONLY",
    "READWRITE", "ROLE", "DBSIZE", "MODULE LIST", "MODULE", "ACL WHOAMI", "ACL", "TIME x",
    "CLIENT NO-EVICT", "CLIENT NO-EVICT x", "CLIENT MAINT_NOTIFICATIONS ON",
])
@pytest.mark.parametrize("version", [2, 3])
def test_redis_answers_the_same(client, redis_client, version, question):
    for one in (client, redis_client):
        one.call("HELLO", version)
    assert client.call(*question.split()) == redis_client.call(*question.split())
