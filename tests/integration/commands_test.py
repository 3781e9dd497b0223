# SPDX-License-Identifier: MIT
"""Every command: its shape, errors and class; held against a real Redis where it is to match."""

import re

import pytest

from harness.client import eventually
from harness.daemon import REACTORD, SANITIZED
from harness.resp import Error, Simple, pairs, request, shape

# Requests that Redis and reactord answer with the very same bytes.
SAME_BYTES = [
    ("PING",), ("ping",), ("PiNg",), ("PING", "hello"), ("PING", "a", "b"),
    ("ECHO", "x"), ("ECHO", ""), ("ECHO",), ("ECHO", "a", "b"),
    ("NOSUCH",), ("NOSUCH", "a", "b"), ("NOSUCH", "a" * 200), ("NOSUCH", *"abcdefghij" * 20),
    ("n" * 200,),
    ("AUTH",), ("AUTH", "x"), ("AUTH", "u", "p"),
    ("HELLO", "4"), ("HELLO", "x"), ("HELLO", "3", "AUTH", "u", "p"), ("HELLO", "3", "FOO"),
    ("SELECT",), ("SELECT", "0"), ("SELECT", "x"), ("SELECT", "99"),
    ("QUIT",), ("RESET",),
    ("CLIENT",), ("CLIENT", "NOSUCH"), ("CLIENT", "GETNAME"), ("CLIENT", "SETNAME", "me"),
    ("CLIENT", "SETNAME", "a b"), ("CLIENT", "SETNAME", "a\nb"), ("CLIENT", "SETNAME", ""),
    ("CLIENT", "SETNAME"), ("CLIENT", "ID", "x"), ("CLIENT", "REPLY", "x"),
    ("CLIENT", "REPLY", "ON"),
    ("CLIENT", "LIST", "TYPE", "nosuch"), ("CLIENT", "LIST", "NOSUCH"),
    ("COMMAND", "NOSUCH"), ("COMMAND", "COUNT", "x"), ("COMMAND", "INFO", "nosuch"),
    ("CONFIG",), ("CONFIG", "NOSUCH"), ("CONFIG", "GET"), ("CONFIG", "GET", "save"),
    ("CONFIG", "GET", "nosuch-setting"), ("CONFIG", "GET", "appendonly"),
    ("SLOWLOG", "GET"), ("SLOWLOG", "GET", "10"), ("SLOWLOG", "LEN"),
    ("SLOWLOG", "NOSUCH"), ("LATENCY", "LATEST"), ("LATENCY", "NOSUCH"),
    ("LATENCY", "HISTORY", "x"),
]

# The same, where administrators are.
SAME_BYTES_FOR_ADMINISTRATORS = [
    ("CLIENT", "KILL", "1.2.3.4:5"), ("CLIENT", "KILL", "ID", "x"), ("CLIENT", "KILL", "ID", "0"),
    ("CLIENT", "KILL", "ID", "999999"), ("CLIENT", "KILL", "NOSUCH", "x"),
    ("SLOWLOG", "RESET"), ("LATENCY", "RESET"),
]


def assert_same_bytes(ours, theirs, words):
    pipeline = request(*words) + request("ECHO", "end") + request("QUIT")
    replies = [one.send(pipeline).half_close().read_until_eof() for one in (ours, theirs)]
    assert replies[0] == replies[1]


@pytest.mark.parametrize("words", SAME_BYTES, ids=lambda words: " ".join(words)[:40])
def test_the_reply_is_that_of_redis(client, redis_client, words):
    assert_same_bytes(client, redis_client, words)


@pytest.mark.parametrize("words", SAME_BYTES_FOR_ADMINISTRATORS, ids=" ".join)
def test_the_reply_to_an_administrator_is_that_of_redis(admin, redis_client, words):
    assert_same_bytes(admin, redis_client, words)


# --- the job

def test_text_answers_with_the_message(client):
    assert client.call("TEXT", "hello") == b"hello"


def test_text_logs_the_message_escaped_and_bounded(daemon):
    one = daemon('[handlers.text]\nlog_level = "info"\n')
    client = one.connect()
    client.call("TEXT", b"\x1b[31mred\nnext line")
    client.call("TEXT", "x" * 100_000)
    log = one.wait_for_log(r"\\x1b\[31mred\\nnext line") and one.log
    assert "\x1b" not in log
    assert max(len(line) for line in log.splitlines()) < 4096


@pytest.mark.parametrize("level, event", [
    ("debug", "event_handler_debug"), ("info", "event_handler_info"), ("warning", "event_handler_warning")])
def test_text_logs_at_the_level_that_is_set(daemon, level, event):
    one = daemon(f'[log]\nlevel = "debug"\n[handlers.text]\nlog_level = "{level}"\n')
    one.connect().call("TEXT", "hello")
    assert one.stat(event) == 1
    one.wait_for_log(rf" {level} +text: .*hello")


def test_text_replies_by_its_template(daemon):
    one = daemon('[handlers.text]\nmode = "template"\n'
                 'reply = "{peer} said {bytes} bytes: {message}"\n')
    client = one.connect()
    host, port = client.socket.getsockname()
    assert client.call("TEXT", "hé") == f"{host}:{port} said 3 bytes: hé".encode()


def test_a_message_is_not_a_template(daemon):
    one = daemon('[handlers.text]\nreply = "<{message}>"\n')
    assert one.connect().call("TEXT", "{peer}{message}") == b"<{peer}{message}>"


# --- connection

def test_client_id_grows_and_is_never_used_twice(shared):
    seen = [shared.connect().call("CLIENT", "ID") for _ in range(5)]
    assert seen == sorted(set(seen))


def test_client_setname_and_setinfo_show_in_client_info(client):
    client.call("CLIENT", "SETNAME", "worker-7")
    assert client.call("CLIENT", "SETINFO", "LIB-NAME", "my-lib") == "OK"
    assert client.call("CLIENT", "SETINFO", "lib-ver", "1.2") == "OK"
    assert isinstance(client.call("CLIENT", "SETINFO", "nosuch", "x"), Error)
    assert isinstance(client.call("CLIENT", "SETINFO", "lib-name", "a b"), Error)
    line = client.call("CLIENT", "INFO").decode()
    assert " name=worker-7 " in line and " lib-name=my-lib " in line and " lib-ver=1.2" in line


def test_client_info_has_the_fields_of_redis(client, redis_client):
    def names(one):
        return re.findall(r"([a-z-]+)=", one.call("CLIENT", "INFO").decode())
    ours, theirs = names(client), names(redis_client)
    wanted = ["id", "addr", "laddr", "fd", "name", "age", "idle", "flags", "db", "qbuf", "omem",
              "tot-mem", "cmd", "user", "resp"]
    assert set(wanted) <= set(theirs)
    missing = [name for name in wanted if name not in ours]
    assert not missing, f"{missing} not in {ours}"


def test_client_info_tells_the_truth(client):
    fields = dict(word.split("=", 1) for word in client.call("CLIENT", "INFO").decode().split())
    host, port = client.socket.getsockname()
    assert fields["addr"] == f"{host}:{port}"
    host, port = client.socket.getpeername()
    assert fields["laddr"] == f"{host}:{port}"
    assert int(fields["id"]) == client.call("CLIENT", "ID")
    assert fields["cmd"] == "client|info" and fields["resp"] == "2" and fields["name"] == ""


def test_client_list_has_a_line_for_every_client(shared):
    clients = [shared.connect() for _ in range(5)]
    ids = {one.call("CLIENT", "ID") for one in clients}
    body = clients[0].call("CLIENT", "LIST").decode()
    assert body.endswith("\n")
    listed = {int(line.split()[0].removeprefix("id=")) for line in body.splitlines()}
    assert ids <= listed


def test_client_list_by_id(shared):
    clients = [shared.connect() for _ in range(3)]
    ids = [one.call("CLIENT", "ID") for one in clients]
    body = clients[0].call("CLIENT", "LIST", "ID", ids[1], ids[2]).decode()
    assert [int(line.split()[0].removeprefix("id=")) for line in body.splitlines()] == ids[1:]


def test_client_kill_by_id(shared, admin):
    victim, killer = shared.connect(), admin
    assert killer.call("CLIENT", "KILL", "ID", victim.call("CLIENT", "ID")) == 1
    victim.expect_eof()
    killer.expect_alive()


def test_client_kill_by_address(shared, admin):
    victim, killer = shared.connect(), admin
    victim.expect_alive()
    host, port = victim.socket.getsockname()
    assert killer.call("CLIENT", "KILL", f"{host}:{port}") == "OK"
    victim.expect_eof()


def test_a_client_that_kills_itself_gets_its_reply(admin):
    admin.request("CLIENT", "KILL", "ID", admin.call("CLIENT", "ID"), "SKIPME", "no")
    assert admin.reply() == 1
    admin.expect_eof()


def test_client_reply_off_and_skip(client):
    client.send(request("CLIENT", "REPLY", "SKIP") + request("PING") + request("ECHO", "1"))
    assert client.reply() == b"1"
    client.send(request("CLIENT", "REPLY", "SKIP") * 2 + request("PING") + request("ECHO", "1"))
    assert client.reply() == b"1", "a second SKIP begins anew"
    client.send(request("CLIENT", "REPLY", "OFF") + request("PING") * 5 +
                request("CLIENT", "REPLY", "ON") + request("ECHO", "2"))
    assert client.reply() == Simple("OK")
    assert client.reply() == b"2"


@pytest.mark.parametrize("command", ["CLIENT", "CONFIG", "SLOWLOG", "LATENCY", "COMMAND"])
def test_subcommand_help_is_lines_of_text(client, command):
    lines = client.call(command, "HELP")
    assert isinstance(lines, list) and len(lines) > 2
    first = lines[0] if isinstance(lines[0], str) else lines[0].decode()
    assert command in first.upper()


# --- self-description

def test_help_lists_every_command_and_explains_one(client):
    client.send(b"HELP\nPING end\n")
    text = b""
    while not text.endswith(b"\nend\n"):
        text += client.read_line() + b"\n"
    for usage in (b"CEIL real ", b"TEXT message ", b"PING [message] ",
                  b"CLIENT subcommand "):
        assert b"\n" + usage in b"\n" + text, "not escaped: it is no error"
    assert max(map(len, text.splitlines())) <= 80, "it fits a terminal"
    client.send(b"HELP ceil\nPING end\n")
    text = b""
    while not text.endswith(b"end\n"):
        text += client.read_line() + b"\n"
    assert b"real" in text
    assert isinstance(client.call("HELP", "nosuch"), Error)


def test_command_lists_count_and_docs_agree(client):
    names = {bytes(name) for name in client.call("COMMAND", "LIST")}
    assert {b"text", b"ceil", b"ping", b"echo", b"hello", b"client", b"command", b"info",
            b"config", b"help", b"quit", b"reset", b"auth", b"select", b"slowlog",
            b"latency"} <= names
    assert client.call("COMMAND", "COUNT") == len(names)
    assert {entry[0].encode() if isinstance(entry[0], str) else entry[0]
            for entry in client.call("COMMAND")} == names
    assert set(pairs(client.call("COMMAND", "DOCS"))) == names


def test_command_info_has_the_shape_of_redis(client, redis_client):
    ours, = client.call("COMMAND", "INFO", "ping")
    theirs, = redis_client.call("COMMAND", "INFO", "ping")
    assert len(ours) == len(theirs) == 10
    assert ours[0] == theirs[0] and ours[1] == theirs[1] == -1
    assert [type(part) for part in ours] == [type(part) for part in theirs]
    assert client.call("COMMAND", "INFO", "ceil", "nosuch")[1] is None


def test_command_info_arity_counts_as_redis_does(client):
    arity = {entry[0]: entry[1] for entry in client.call("COMMAND", "INFO", "ceil", "echo", "ping",
                                                         "text", "hello")}
    assert arity == {b"ceil": 2, b"echo": 2, b"ping": -1, b"text": 2, b"hello": -1}


def test_command_docs_of_one_command(client):
    for version in (2, 3):
        client.call("HELLO", version)
        docs = pairs(client.call("COMMAND", "DOCS", "ceil", "nosuch"))
        assert list(docs) == [b"ceil"]
        ceil = pairs(docs[b"ceil"])
        assert ceil[b"summary"] and ceil[b"group"]
        argument = pairs(ceil[b"arguments"][0])
        assert argument[b"name"] == b"real" and argument[b"type"]


def test_command_docs_tells_subcommands(admin):
    docs = pairs(admin.call("COMMAND", "DOCS", "client"))
    subcommands = pairs(pairs(docs[b"client"])[b"subcommands"])
    assert {b"client|id", b"client|list", b"client|kill"} <= set(subcommands)


INFO_KEYS = {
    "server": {"redis_version", "redis_mode", "process_id", "tcp_port", "uptime_in_seconds"},
    "clients": {"connected_clients", "blocked_clients", "maxclients"},
    "memory": {"used_memory", "used_memory_rss"},
    "stats": {"total_commands_processed", "total_connections_received", "rejected_connections"},
    "workers": {"worker_threads", "worker_queued", "worker_running", "worker_done", "worker_refused"},
    "cpu": {"used_cpu_sys", "used_cpu_user"},
    "commandstats": {"cmdstat_ping"},
    "errorstats": {"errorstat_ERR"},
}


@pytest.mark.parametrize("section", INFO_KEYS)
def test_info_section(shared, section):
    client = shared.connect()
    client.call("PING")
    client.call("NOSUCH")
    fields = shared.info(section)
    missing = INFO_KEYS[section] - set(fields)
    assert not missing, f"{missing} not in {sorted(fields)}"
    assert client.call("INFO", section).decode().lower().startswith(f"# {section}")


def test_info_has_what_clients_look_for(shared):
    fields = shared.info()
    assert fields["redis_mode"] == "standalone" and fields["role"] == "master"
    assert fields["loading"] == "0" and fields["blocked_clients"] == "0"
    assert re.fullmatch(r"\d+\.\d+\.\d+", fields["redis_version"])
    assert SANITIZED or int(fields["used_memory"]) > 0  # a sanitizer's heap has no figures
    assert int(fields["process_id"]) == shared.pid
    assert fields["executable"] == str(REACTORD) and fields["compiler"] != ""
    assert fields["config_file"] == str(shared.config_path)
    assert int(fields["connected_clients"]) >= 1


def test_info_counts(shared):
    before = shared.info("stats")
    client = shared.connect()
    for _ in range(10):
        client.call("PING")
    after = shared.info("stats")

    def grown(key):
        return int(after[key]) - int(before[key])

    assert grown("total_commands_processed") >= 11
    assert grown("total_connections_received") == 2


def test_commandstats_and_errorstats_count(shared):
    client = shared.connect()

    def calls():
        found = re.match(r"calls=(\d+)", shared.info("commandstats").get("cmdstat_ceil", "calls=0"))
        return int(found[1])

    before = calls()
    for _ in range(7):
        client.call("CEIL", "4.4")
    assert calls() == before + 7
    before = int(shared.info("errorstats")["errorstat_ERR"].split("=")[1])
    client.call("NOSUCH")
    assert int(shared.info("errorstats")["errorstat_ERR"].split("=")[1]) == before + 1


def test_info_of_several_and_of_unknown_sections(client):
    body = client.call("INFO", "server", "cpu").decode()
    assert "# Server" in body and "# CPU" in body and "# Clients" not in body
    assert client.call("INFO", "nosuch") == b""
    everything = client.call("INFO", "everything").decode()
    assert "# Server" in everything and "# Commandstats" in everything


def test_config_get_shows_the_settings_in_force(daemon):
    one = daemon('[limits]\nmax_inline = "32KiB"\n[deadlines]\nidle = "90s"\n')
    client = one.connect()
    assert client.call("CONFIG", "GET", "limits.max_inline") == [b"limits.max_inline", b"32KiB"]
    deadlines = pairs(client.call("CONFIG", "GET", "deadlines.*"))
    assert deadlines[b"deadlines.idle"] in (b"90s", b"1m30s")
    everything = pairs(client.call("CONFIG", "GET", "*"))
    for key in (b"server.max_connections", b"limits.max_frame", b"log.level", b"handlers.text.mode",
                b"listener.main.framing"):
        assert key in everything, f"{key} not in {sorted(everything)}"


@pytest.mark.parametrize("pattern, matches", [
    ("SAVE", True), ("s?ve", True), ("s*", True), ("[rs]ave", True), ("[^s]ave", False),
    ("*e", True), ("sav", False), ("[a-z]ave", True), ("sa[v]?", True), ("*a*v*e*", True),
])
def test_config_get_patterns_are_those_of_redis(client, redis_client, pattern, matches):
    for one in (client, redis_client):
        found = {name.lower() for name in pairs(one.call("CONFIG", "GET", pattern))}
        assert (b"save" in found) == matches


def test_shapes_match_redis_in_both_versions(admin, redis_client):
    for version in (2, 3):
        for one in (admin, redis_client):
            one.call("HELLO", version)
        for words in (("INFO", "server"), ("CONFIG", "GET", "save"), ("CLIENT", "ID"),
                      ("CLIENT", "GETNAME"), ("CLIENT", "LIST"), ("CLIENT", "INFO"),
                      ("COMMAND", "COUNT"), ("SLOWLOG", "LEN"), ("LATENCY", "LATEST"),
                      ("PING", "x"), ("LATENCY", "RESET")):
            assert shape(admin.call(*words)) == shape(redis_client.call(*words)), (version, words)


# --- classes

PUBLIC = [("PING",), ("HELLO", "3"), ("HELLO", "2"), ("INFO",), ("COMMAND",), ("COMMAND", "DOCS"),
          ("CLIENT", "ID"), ("CLIENT", "SETNAME", "x"), ("CLIENT", "GETNAME"),
          ("CLIENT", "SETINFO", "LIB-NAME", "x"), ("SELECT", "0"), ("ECHO", "x"), ("CEIL", "4.4"),
          ("TEXT", "x"), ("HELP",), ("RESET",)]
CLOSED = [("CLIENT", "LIST"), ("CONFIG", "GET", "*"), ("SLOWLOG", "GET"), ("LATENCY", "LATEST"),
          ("CLIENT", "KILL", "ID", "1")]


@pytest.mark.parametrize("words", PUBLIC, ids=" ".join)
def test_a_public_listener_knows_what_clients_send(shared, words):
    assert not isinstance(shared.connect("public").call(*words), Error)


@pytest.mark.parametrize("words", CLOSED, ids=" ".join)
def test_a_command_that_is_not_allowed_is_unknown(shared, words):
    error = shared.connect("public").call(*words)
    assert isinstance(error, Error) and str(error).startswith("ERR unknown "), error
    assert not isinstance(shared.connect("admin").call(*words), Error)


@pytest.mark.parametrize("words, where", [
    (("SHUTDOWN",), "(it takes an admin listener: reactor-cli --admin)"),
    (("LOG", "LEVEL", "debug"), "(it takes an admin listener: reactor-cli --admin)"),
    (("CLIENT", "KILL", "ID", "1"), "(it takes an admin listener: reactor-cli --admin)"),
    (("CONFIG", "GET", "*"), "(it takes a listener that allows introspection)"),
    (("CLIENT", "LIST"), "(it takes a listener that allows introspection)"),
])
def test_a_command_that_is_not_allowed_says_where_it_is(shared, words, where):
    assert str(shared.connect("public").call(*words)).endswith(where)


def test_what_is_not_allowed_is_not_shown(shared):
    client = shared.connect("public")
    names = set(client.call("COMMAND", "LIST"))
    assert b"ping" in names and not {b"config", b"slowlog", b"latency"} & names
    assert client.call("COMMAND", "COUNT") == len(names)
    assert client.call("COMMAND", "INFO", "config") == [None]
    subcommands = pairs(pairs(client.call("COMMAND", "DOCS", "client")[1])[b"subcommands"])
    assert b"client|id" in subcommands and b"client|kill" not in subcommands


def test_introspection_without_admin(daemon):
    one = daemon('[[listener]]\nname = "main"\naddress = "127.0.0.1:0"\n'
                 'allow_commands = ["public", "introspection"]\n')
    client = one.connect()
    assert not isinstance(client.call("CLIENT", "LIST"), Error)
    assert isinstance(client.call("CLIENT", "KILL", "ID", "1"), Error)


def test_on_other_addresses_only_public_commands_by_default(daemon):
    one = daemon('[[listener]]\nname = "main"\naddress = "0.0.0.0:0"\n')
    one.addresses = [("main", ("127.0.0.1", one.port))]
    client = one.connect()
    assert client.call("CEIL", "4.4") == 5
    assert isinstance(client.call("CLIENT", "LIST"), Error)


def test_connected_clients_follows_the_connections(daemon):
    one = daemon()
    clients = [one.connect() for _ in range(10)]
    for client in clients:
        client.expect_alive()
    assert int(one.info("clients")["connected_clients"]) == 11
    for client in clients:
        client.close()
    eventually(lambda: int(one.info("clients")["connected_clients"]) == 1)
