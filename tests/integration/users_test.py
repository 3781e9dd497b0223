# SPDX-License-Identifier: MIT
"""Users: logging in, what each may run, what strangers may send, and users that change."""

import hashlib
import os
import re
import subprocess

import pytest
import redis

from harness.cli import cli
from harness.client import eventually
from harness.daemon import REACTORD, run_reactord
from harness.reasons import assert_told
from harness.resp import Error, request

PASSWORD = "correct horse battery staple"
# The least that crypt(5) offers, 1 MiB: a test is no place to be slow in.
HASH = "$y$j75$saltsaltsalt$/O9aZkoFFOnkZWWahLzzMn5r9F6DqbmuCKI/.pm/vj1"
TOKEN = hashlib.sha256(b"as long as one that is random").hexdigest()
TOKEN_HASH = "sha256:" + hashlib.sha256(TOKEN.encode()).hexdigest()

WRONG = b"-WRONGPASS invalid username-password pair or user is disabled.\r\n"
NOAUTH = b"-NOAUTH Authentication required.\r\n"

USERS = f"""
[[user]]
name = "alice"
password = "{HASH}"

[[user]]
name = "bob"
password = "{TOKEN_HASH}"
commands = ["ceil", "client list", "admin", "-shutdown"]

[[user]]
name = "carol"
enabled = false
password = "{TOKEN_HASH}"
"""

LISTENERS = """
[[listener]]
name = "open"
address = "127.0.0.1:0"

[[listener]]
name = "closed"
address = "127.0.0.1:0"
require = "user"
allow_commands = "all"
"""


@pytest.fixture(name="users")
def users_fixture(daemon):
    return daemon(LISTENERS + USERS)


def log_in(daemon, user="alice", password=PASSWORD, listener="closed"):
    client = daemon.connect(listener)
    assert client.call("AUTH", user, password) == "OK"
    return client


def error_of(client, *words):
    reply = client.call(*words)
    assert isinstance(reply, Error), reply
    return str(reply)


# --- logging in


def test_a_password_logs_in_and_the_commands_are_the_users_own(users):
    alice = log_in(users)
    assert alice.call("ACL", "WHOAMI") == b"alice"
    assert alice.call("CEIL", "4.4") == 5
    bob = log_in(users, "bob", TOKEN)
    assert bob.call("CEIL", "4.4") == 5
    assert error_of(bob, "PING") == "NOPERM User bob has no permissions to run the 'ping' command"
    assert error_of(bob, "CLIENT", "KILL", "x") != ""  # of the class admin
    assert error_of(bob, "SHUTDOWN").startswith("NOPERM User bob has no permissions to run the")
    assert error_of(bob, "ACL", "WHOAMI").endswith("run the 'acl|whoami' command")
    assert b" user=bob " in bob.call("CLIENT", "LIST")
    assert error_of(bob, "NOSUCH").startswith("ERR unknown command")
    assert users.stat("event_logged_in") == 2


def test_hello_logs_in_and_chooses_the_protocol(users):
    client = users.connect("closed")
    assert error_of(client, "HELLO", "3").startswith("NOAUTH HELLO must be called with")
    assert client.request("HELLO", "3", "AUTH", "alice", PASSWORD, "SETNAME", "x").read_exact(1) == b"%"
    client = users.connect("closed")
    assert client.send(request("HELLO", "2", "AUTH", "bob", "no") + request("PING")).expect(WRONG)
    client.expect(NOAUTH)


def test_a_listener_without_a_requirement_is_as_ever(users):
    client = users.connect("open")
    assert client.call("ACL", "WHOAMI") == b"default"
    assert client.call("PING") == "PONG"
    assert client.call("AUTH", "default", "any") == "OK"
    assert error_of(client, "AUTH", "x").startswith("ERR AUTH <password> called without any password")
    assert client.call("AUTH", "bob", TOKEN) == "OK"
    assert error_of(client, "PING").startswith("NOPERM")
    assert client.call("RESET") == "RESET"
    assert client.call("PING") == "PONG"


@pytest.mark.parametrize("user, password", [
    ("alice", "no"), ("alice", ""), ("nobody", PASSWORD), ("carol", TOKEN), ("default", "any"),
    ("alice", PASSWORD + "\0"), ("bob", TOKEN_HASH), ("alice", HASH), ("ALICE", PASSWORD)])
def test_who_is_wrong_is_not_told_why(users, user, password):
    client = users.connect("closed")
    client.send(request("AUTH", user, password) + request("PING"))
    client.expect(WRONG).expect(NOAUTH)


def test_before_the_login_there_is_nothing_to_find_out(users):
    client = users.connect("closed")
    for words in (["PING"], ["NOSUCH"], ["CLIENT", "LIST"], ["CLIENT", "NOSUCH"], ["CEIL"], ["MULTI"],
                  ["EXEC"], ["SUBSCRIBE", "x"], ["CONFIG", "GET", "*"], ["ACL", "WHOAMI"], ["HELP"]):
        client.request(*words).expect(NOAUTH)
    client.send(b"PING\r\n").expect(NOAUTH)
    assert client.call("RESET") == "RESET"
    assert client.call("QUIT") == "OK"


def test_every_auth_in_a_pipeline_has_one_reply(users):
    log_in(users)  # its password is remembered
    good = [("AUTH", "alice", PASSWORD), ("AUTH", "bob", TOKEN), ("HELLO", "2", "AUTH", "alice", PASSWORD)]
    client = users.connect("closed")
    client.send(b"".join(request(*words) for words in good * 50 + [("ACL", "WHOAMI"), ("QUIT",)]))
    replies = [client.reply() for _ in range(len(good) * 50 + 2)]
    assert replies[:3] == replies[147:150]
    assert replies[-2:] == [b"alice", "OK"]
    mixed = users.connect("closed")
    mixed.send(request("PING") + request("AUTH", "alice", "x") + request("AUTH") + request("PING") +
               request("AUTH", "bob", TOKEN) + request("CEIL", "1.5") + request("AUTH", "a", "b", "c"))
    mixed.expect(NOAUTH + WRONG + b"-ERR wrong number of arguments for 'auth' command\r\n" + NOAUTH +
                 b"+OK\r\n:2\r\n-ERR wrong number of arguments for 'auth' command\r\n")


def test_the_cuts_do_not_matter(users):
    text = request("AUTH", "bob", TOKEN) + request("CEIL", "1.5") + request("PING") + request("QUIT")
    expected = b"+OK\r\n:2\r\n-NOPERM User bob has no permissions to run the 'ping' command\r\n+OK\r\n"
    for cut in range(1, len(text), 3):
        with users.connect("closed", track=False) as client:
            client.send_pieces([text[:cut], text[cut:]])
            assert client.read_until_eof() == expected, cut


def test_auth_in_a_transaction_counts_from_there_on(users):
    alice = log_in(users)
    alice.send(request("MULTI") + request("AUTH", "bob", TOKEN) + request("AUTH", "bob", "x") +
               request("PING") + request("EXEC"))
    alice.expect(b"+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n+OK\r\n" + WRONG)
    alice.expect(b"-NOPERM User bob has no permissions to run the 'ping' command\r\n")


# --- strangers


def test_what_is_long_is_refused_before_the_login_alone(users):
    stranger = users.connect("closed").send(request("AUTH", "alice", "x" * (17 << 10)))
    assert b"Protocol error: invalid bulk length" in stranger.read_until_eof()
    stranger = users.connect("closed").send(b"*100\r\n")
    assert b"Protocol error: invalid multibulk length" in stranger.read_until_eof()
    stranger = users.connect("closed").send(b"x" * (17 << 10))
    assert b"too big inline request" in stranger.read_until_eof()
    client = users.connect("closed").send(request("AUTH", "alice", "x" * (15 << 10)))
    client.expect(WRONG)
    assert client.call("AUTH", "alice", PASSWORD) == "OK"
    assert client.call("ECHO", b"y" * 100_000) == b"y" * 100_000


def test_who_does_not_log_in_in_time_is_closed(daemon):
    one = daemon('[deadlines]\nlogin = "300ms"\n' + LISTENERS + USERS)
    clients = [one.connect("closed") for _ in range(3)]
    alice = log_in(one)
    assert clients[0].send(request("PING")).read_until_eof() == NOAUTH
    for client in clients[1:]:
        assert client.read_until_eof() == b""
    # Still being refused when its time is over: it has that answer, and no other try.
    late = one.connect("closed").send(request("AUTH", "alice", "x") + request("AUTH", "bob", TOKEN))
    assert late.read_until_eof() == WRONG
    assert alice.call("PING") == "PONG"
    eventually(lambda: one.stat("event_closed_login") == 4, what="four were closed")
    one.wait_for_log("closed: not logged in within deadlines.login")


def test_few_may_wait_to_log_in_and_fewer_from_one_address(daemon):
    one = daemon("[server]\nmax_before_login = 8\n" + LISTENERS + USERS)
    waiting = [one.connect("closed") for _ in range(2)]
    for client in waiting:
        client.request("PING").expect(NOAUTH)
    refused = one.connect("closed")
    assert refused.read_until_eof().startswith(b"-ERR max number of clients reached that have not")
    assert_told(one, "refused, before login")
    waiting[0].close()
    eventually(lambda: one.connect("closed").request("PING").read_line().startswith(b"-NOAUTH"),
               what="room for another")
    assert one.connect("open").call("PING") == "PONG"


def test_guesses_cost_the_guesser_alone(users):
    def wrong(count):
        return b"".join(request("AUTH", "alice", f"guess{i}") for i in range(count))
    guessers = [users.connect("closed").send(wrong(100)) for _ in range(40)]
    # Tokens, and passwords that were right before, are looked at without delay.
    for _ in range(20):
        assert log_in(users, "bob", TOKEN).call("CEIL", "1.2") == 2
    assert users.connect("open").call("PING") == "PONG"
    eventually(lambda: users.stat("event_login_refused") >= 1, what="some were refused")
    for client in guessers:
        client.reset()
    assert users.stat("event_login_refused") < 40


# --- at a Unix socket


def test_the_user_at_a_unix_socket_is_known(daemon):
    me = os.geteuid()
    unix = '\n[[listener]]\nname = "u"\naddress = "unix:u.sock"\nrequire = "user"\n'
    user = f'[[user]]\nname = "me"\nunix_user = "{me}"\ncommands = ["ceil", "acl whoami"]\n'
    one = daemon(LISTENERS + unix + user)
    client = one.connect("u")
    assert client.call("ACL", "WHOAMI") == b"me"
    assert error_of(client, "PING").startswith("NOPERM User me ")
    one.reload(LISTENERS + unix + user.replace(f'"{me}"', '"54321"'))
    assert client.read_until_eof() == b""
    one.connect("u").request("PING").expect(NOAUTH)
    one.wait_for_log("its user me was removed, is off, or has another")


# --- users that change


def test_a_user_who_is_removed_or_off_loses_its_connections(users):
    alice, bob = log_in(users), log_in(users, "bob", TOKEN)
    other = users.connect("open")
    users.reload(LISTENERS + USERS.replace(f'"alice"', '"alice"\nenabled = false'))
    assert alice.read_until_eof() == b""
    assert bob.call("CEIL", "1.2") == 2
    assert other.call("PING") == "PONG"
    assert_told(users, "user gone")
    users.wait_for_log(r"closed: its user alice was removed, or is off")
    users.connect("closed").request("AUTH", "alice", PASSWORD).expect(WRONG)
    users.reload(LISTENERS + USERS.replace("bob", "bert"))
    assert bob.read_until_eof() == b""


def test_what_a_user_may_run_changes_with_the_next_request(users):
    alice, bob = log_in(users), log_in(users, "bob", TOKEN)
    users.reload(LISTENERS + USERS.replace(f'"{HASH}"', f'"{HASH}"\ncommands = "ping"')
                 .replace('"ceil", "client list"', '"ceil", "ping"'))
    users.wait_for_log("configuration reloaded")
    assert error_of(alice, "CEIL", "1").startswith("NOPERM")
    assert alice.call("PING") == "PONG"
    assert bob.call("PING") == "PONG"
    assert error_of(bob, "CLIENT", "LIST").startswith("NOPERM")
    users.wait_for_log(r"user.bob.commands changed from 'ceil client list admin -shutdown' to")


def test_who_is_subscribed_and_may_less_from_now_on_is_closed(daemon):
    operator = '[handlers.text]\nmode = "operator"\n'
    users = daemon(LISTENERS + USERS + operator)
    alice, bob = log_in(users), log_in(users, "bob", TOKEN)
    bob.call("HELLO", 3)
    assert not isinstance(bob.call("OPERATOR", "JOIN", "bob"), Error)
    users.reload(LISTENERS + USERS.replace('"client list", ', "") + operator)
    bob.read_until_eof()
    users.wait_for_log("its user bob may not run all that it could, and messages are pushed to it")
    assert alice.call("PING") == "PONG"


# --- limits of users

LIMIT = '[[limit]]\nname = "it"\nper = "user"\n'


def test_a_user_has_so_many_connections_and_a_login_beyond_is_refused(daemon):
    one = daemon(LISTENERS + USERS + LIMIT + "connections = 2\n")
    first, second = log_in(one), log_in(one, "alice", PASSWORD, "open")
    error = "LIMIT too many connections of your user; there may be 2 at a time"
    third = one.connect("closed")
    # One reply each, and whoever is refused is still nobody.
    third.send(request("AUTH", "alice", PASSWORD) + request("PING"))
    third.expect(b"-%s\r\n" % error.encode() + NOAUTH)
    assert error_of(one.connect("open"), "HELLO", 2, "AUTH", "alice", PASSWORD) == error
    assert third.call("AUTH", "bob", TOKEN) == "OK"
    assert error_of(third, "AUTH", "alice", PASSWORD) == error
    assert third.call("CEIL", "1.5") == 2  # as bob
    assert first.call("AUTH", "alice", PASSWORD) == "OK"  # as it was: no further one
    one.wait_for_log("are refused by the limit it: LIMIT too many connections of your user")
    assert one.info("limits")["limit_it"].count("connections=3")
    second.close()
    eventually(lambda: third.call("AUTH", "alice", PASSWORD) == "OK")


def test_a_users_requests_count_on_all_of_its_connections(daemon):
    one = daemon(LISTENERS + USERS + LIMIT + 'request_rate = "1/h"\nrequest_burst = 20\n')
    first, second, other = log_in(one), log_in(one), log_in(one, "bob", TOKEN)
    pongs = 0
    for _ in range(15):  # a login counts where its result comes at once
        pongs += (first.call("PING") == "PONG") + (second.call("PING") == "PONG")
    assert 18 <= pongs <= 20
    assert re.match(r"LIMIT too many requests of your user; try again in \d+ ms", error_of(first, "PING"))
    assert other.call("CEIL", "1.5") == 2
    assert one.connect("open").send(request("PING") * 50).read_exact(50 * 7) == b"+PONG\r\n" * 50


def test_logins_have_a_rate_and_a_dry_run_only_counts(daemon):
    rate = 'connection_rate = "1/h"\n'
    one = daemon(LISTENERS + USERS + LIMIT + rate)
    log_in(one)
    assert error_of(one.connect("closed"), "AUTH", "alice", PASSWORD).startswith(
        "LIMIT too many new connections of your user; try again in 3")
    log_in(one, "bob", TOKEN)
    one.reload(LISTENERS + USERS + LIMIT + rate + "dry_run = true\n")
    one.wait_for_log("configuration reloaded")
    log_in(one)
    assert one.stat("event_limit_dry_run") == 1


def test_the_user_of_a_unix_socket_who_has_too_many_is_told_and_closed(daemon):
    unix = '\n[[listener]]\nname = "u"\naddress = "unix:u.sock"\nrequire = "user"\n'
    user = f'[[user]]\nname = "me"\nunix_user = "{os.geteuid()}"\n'
    one = daemon(LISTENERS + unix + user + LIMIT + "connections = 1\n")
    first = one.connect("u")
    assert first.call("PING") == "PONG"
    second = one.connect("u").read_until_eof()
    assert second == b"(error) LIMIT too many connections of your user; there may be 1 at a time\n"
    assert first.call("PING") == "PONG"
    assert_told(one, "over a limit")


def test_reset_and_default_lead_around_no_limit(daemon):
    unix = '\n[[listener]]\nname = "u"\naddress = "unix:u.sock"\n'
    user = f'[[user]]\nname = "me"\nunix_user = "{os.geteuid()}"\n'
    one = daemon(LISTENERS + unix + user + LIMIT + "connections = 2\n")
    clients = []
    for _ in range(4):
        clients.append(one.connect("u"))
        assert clients[-1].call("ACL", "WHOAMI") == b"me"
        assert clients[-1].call("AUTH", "default", "x") == "OK"  # its place is free again
    for client in clients:
        assert client.call("RESET") == "RESET"
    assert one.connect("open").call("CLIENT", "LIST").count(b" user=me ") == 2
    assert [str(client.call("PING"))[:4] for client in clients] == ["PONG", "PONG", "NOAU", "NOAU"]


def test_users_change_many_times_under_load(users):
    alice = log_in(users)
    variants = [USERS, USERS.replace("carol", "chris"), USERS.replace('"admin", ', "")]
    for i in range(9):
        users.reload(LISTENERS + variants[i % 3])
        alice.send(request("PING") * 2000 + request("AUTH", "alice", PASSWORD) + request("PING"))
        alice.expect(b"+PONG\r\n" * 2000 + b"+OK\r\n+PONG\r\n")
        bob = log_in(users, "bob", TOKEN)
        assert bob.call("CEIL", "0.5") == 1


def test_a_default_user_with_a_password_is_asked_for_it(daemon):
    config = LISTENERS + USERS + f'[[user]]\nname = "default"\npassword = "{TOKEN_HASH}"\n'
    one = daemon(config)
    client = one.connect("open")
    client.request("PING").expect(NOAUTH)
    assert client.call("AUTH", TOKEN) == "OK"
    assert client.call("ACL", "WHOAMI") == b"default"
    one.reload(config + "enabled = false\n")
    assert client.read_until_eof() == b""
    off = one.connect("open")
    off.request("PING").expect(NOAUTH)
    off.request("AUTH", TOKEN).expect(WRONG)


# --- secrets


def test_no_hash_is_shown_and_no_password_stays(users, tmp_path):
    alice = log_in(users)
    log_in(users, "bob", TOKEN)
    alice.request("AUTH", "alice", "guessed by mistake").expect(WRONG)
    settings = repr(alice.call("CONFIG", "GET", "*"))
    users.reload(LISTENERS + USERS.replace(TOKEN_HASH, "sha256:" + "0" * 64))
    users.wait_for_log("user.bob.password changed from 'hidden' to 'hidden'")
    printed = subprocess.run([REACTORD, "--print-config", "--config", users.config_path],
                             capture_output=True, check=True, text=True).stdout
    assert 'name = "alice"' in printed and "user.alice.commands" in settings
    rules = repr(alice.call("ACL", "LIST"))
    assert "user bob on ~* &* -@all +ceil +client|list +@admin -shutdown" in rules
    for secret in (HASH, TOKEN_HASH, TOKEN, PASSWORD):
        for text in (settings, printed, rules, users.log):
            assert secret not in text


def test_what_a_core_dump_would_have_is_no_secret(daemon, tmp_path):
    """Hashes in the configuration pass through the library that reads it, which leaves copies."""
    (tmp_path / "hashes").write_text(f"{HASH}\n{TOKEN_HASH}\n")
    users = daemon(LISTENERS + f'[[user]]\nname = "alice"\npassword = "file:{tmp_path}/hashes"\n')
    log_in(users)
    log_in(users, "alice", TOKEN)
    users.connect("open").call("PING")
    found = [(secret, where) for secret in (PASSWORD, HASH, TOKEN, TOKEN_HASH)
             for where in dumped_with(users.pid, secret.encode())]
    assert found == []


def dumped_with(pid, secret):
    """The mappings that a core dump has and that hold it."""
    with open(f"/proc/{pid}/smaps") as smaps, open(f"/proc/{pid}/mem", "rb") as memory:
        for mapping in re.split(r"\n(?=[0-9a-f]+-[0-9a-f]+ )", smaps.read()):
            first, last = (int(text, 16) for text in mapping.split(" ")[0].split("-"))
            flags = re.search(r"VmFlags:(.*)", mapping)[1].split()
            if "rd" not in flags or "wr" not in flags or "dd" in flags or "io" in flags:
                continue
            memory.seek(first)
            if secret in memory.read(last - first):
                yield mapping.split("\n")[0]


def test_a_password_in_the_file_is_refused(daemon, tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text(f'[[user]]\nname = "eve"\npassword = "{PASSWORD}"\n')
    done = subprocess.run([REACTORD, "--check-config", "--config", path], capture_output=True, text=True)
    assert done.returncode != 0
    assert "bad.toml:3:12: user.password: expected a hash" in done.stderr
    assert "reactor-cli hash" in done.stderr and PASSWORD not in done.stderr


def test_hashes_come_from_files_and_credentials(daemon, tmp_path):
    (tmp_path / "alice.hash").write_text(HASH + "\n" + TOKEN_HASH + "\n")
    users = (f'[[user]]\nname = "alice"\npassword = "file:{tmp_path}/alice.hash"\n'
             '[[user]]\nname = "bob"\npassword = "credential:alice.hash"\n')
    one = daemon(LISTENERS + users, environment={"CREDENTIALS_DIRECTORY": str(tmp_path)})
    for user in ("alice", "bob"):
        for password in (PASSWORD, TOKEN):
            log_in(one, user, password)
    (tmp_path / "alice.hash").write_text(TOKEN_HASH)
    one.reload()
    one.wait_for_log("user.alice.password changed")
    one.connect("closed").request("AUTH", "alice", PASSWORD).expect(WRONG)
    log_in(one, "alice", TOKEN)


# --- clients that people have


def test_stock_clients_log_in(users):
    host, port = users.address("closed")
    for protocol in (2, 3):
        client = redis.Redis(host, port, username="bob", password=TOKEN, protocol=protocol) \
            if protocol == 3 and hasattr(redis, "RESP3") else redis.Redis(
                host, port, username="bob", password=TOKEN)
        assert client.execute_command("CEIL", "1.2") == 2
    done = subprocess.run(["redis-cli", "-h", host, "-p", str(port), "--user", "alice", "--pass", PASSWORD,
                           "--no-auth-warning", "ceil", "1.2"], capture_output=True, text=True, check=True)
    assert done.stdout == "2\n"


def test_a_password_on_the_command_line_is_not_sent(users):
    before = users.stat("total_commands_processed")
    done = cli(None, "--uri", "tcp://%s:%d" % users.address("open"), "hash", "secret")
    assert done.returncode == 2 and b"standard input" in done.stderr and b"secret" not in done.stderr
    assert users.stat("total_commands_processed") == before + 1  # INFO itself


def test_reactor_cli_makes_hashes_and_logs_in_with_them(daemon):
    made = cli(None, "hash", stdin=PASSWORD.encode() + b"\n")
    assert made.stdout.startswith(b"$y$j9T$") and made.stdout.endswith(b"\n"), made
    token, token_hash = cli(None, "hash", "--token").stdout.decode().split()
    config = LISTENERS + (f'[[user]]\nname = "alice"\npassword = "{made.stdout.decode().strip()}"\n'
                          f'[[user]]\nname = "default"\npassword = "{token_hash}"\n')
    host, port = daemon(config).address("closed")
    where = ["--uri", f"tcp://{host}:{port}"]
    alice = {**os.environ, "REACTORCLI_AUTH": PASSWORD}
    assert cli(None, *where, "--user", "alice", "acl", "whoami", env=alice).stdout == b"alice\n"
    assert cli(None, *where, "-a", token, "acl", "whoami").stdout == b"default\n"
    assert cli(None, *where, "--user", "alice", "--pass", PASSWORD, "ceil", "1.5").stdout == b"2\n"
    whole = ["--uri", f"redis://alice:{PASSWORD.replace(' ', '%20')}@{host}:{port}"]
    assert cli(None, *whole, "acl", "whoami").stdout == b"alice\n"
    wrong = cli(None, *where, "-a", "x", "ping")
    assert wrong.returncode == 1 and b"WRONGPASS" in wrong.stderr
    assert cli(None, "hash", stdin=b"").returncode == 2


# --- what only the daemon finds wrong

@pytest.mark.parametrize("arguments", [(), ("--check-config",)], ids=["start", "check"])
def test_a_command_that_nobody_has(tmp_path, arguments):
    file = tmp_path / "reactord.toml"
    file.write_text('[[listener]]\naddress = "127.0.0.1:0"\n[[user]]\nname = "ann"\n'
                    f'password = "{TOKEN_HASH}"\ncommands = ["ciel"]\n')
    done = run_reactord("--config", file, *arguments)
    assert done.returncode == 78, "a mistake in the configuration, which no start mends"
    assert f"{file}: " in done.stderr and "there is no command or class of commands 'ciel'" in done.stderr
