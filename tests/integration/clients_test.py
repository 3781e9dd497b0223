# SPDX-License-Identifier: MIT
"""The clients that people have: each connects, works, and says nothing on stderr."""

import os
import re
import subprocess
import time

import pexpect
import pytest
import redis

from harness.client import Client, eventually
from harness.daemon import SANITIZED
from harness.net import free_port, program, run

# --- redis-cli

def redis_cli(shared, *arguments, listener="main", **options):
    return run(program("redis-cli"), "-h", "127.0.0.1", "-p", shared.address(listener)[1],
               *arguments, **options)


@pytest.mark.parametrize("arguments, printed", [
    (("PING",), "PONG\n"),
    (("CEIL", "4.40"), "5\n"),
    (("-3", "CEIL", "4.40"), "5\n"),
    (("CEIL", "1e20"), "100000000000000000000\n"),
    (("TEXT", "hello world"), "hello world\n"),
    (("--no-raw", "CEIL", "4.40"), "(integer) 5\n"),
    (("-3", "--no-raw", "CLIENT", "GETNAME"), "(nil)\n"),
    (("-n", "0", "PING"), "PONG\n"),
])
def test_redis_cli_one_shot(shared, arguments, printed):
    done = redis_cli(shared, *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (0, printed, "")


# Calls of the commands that need arguments, or would do something else here without them. redis-cli
# keeps "help" to itself.
CALLS = {
    "auth": "AUTH default any", "ceil": "CEIL 1e30", "echo": "ECHO hi", "hello": "HELLO 3",
    "select": "SELECT 0", "text": "TEXT hi",
    "client|kill": "CLIENT KILL ID 1000000", "client|no-evict": "CLIENT NO-EVICT ON",
    "client|no-touch": "CLIENT NO-TOUCH ON", "client|pause": "CLIENT PAUSE 1", "cluster": "CLUSTER INFO", "watch": "WATCH any",
    "client|reply": "CLIENT REPLY ON",
    "client|setinfo": "CLIENT SETINFO LIB-NAME x", "client|setname": "CLIENT SETNAME x", "client|traceparent": "CLIENT TRACEPARENT OFF",
    "command|docs": "COMMAND DOCS ceil", "command|info": "COMMAND INFO ping nosuch",
    "config|get": "CONFIG GET *", "handover": "HANDOVER 1", "latency|history": "LATENCY HISTORY x",
    "log|level": "LOG LEVEL info",
    "operator|join": "OPERATOR JOIN ada", "operator|list": "OPERATOR LIST",
    "operator|reply": "OPERATOR REPLY 1 hi", "operator|reject": "OPERATOR REJECT 1 no",
}


def command_names(client):
    """Of all commands, and of subcommands ("client|list") in place of those that have them."""
    for entry in client.call("COMMAND", "INFO"):
        for one in entry[9] or [entry]:
            yield one[0].decode()


def test_redis_cli_prints_the_reply_to_every_command_in_resp3(daemon):
    """What it cannot read it complains of: "Unknown reply type: 13"."""
    one = daemon("""
        [[listener]]
        name = "admin"
        address = "127.0.0.1:0"
        role = "admin"
        [handlers.text]
        mode = "operator"
        """)
    names = set(command_names(one.connect("admin")))
    assert {"ceil", "text", "client|list", "operator|join", "shutdown"} <= names
    for name in sorted(names - {"monitor", "shutdown"}) + ["shutdown"]:  # redis-cli waits on at MONITOR
        call = CALLS.get(name, name.replace("|", " ").upper())
        done = redis_cli(one, "-3", "--no-raw", *call.split(), listener="admin")
        assert (done.returncode, done.stderr) == (0, "") and done.stdout, (call, done)
        complaint = re.search(r"Unknown reply type|Protocol error|^Error:|wrong number of arg",
                              done.stdout)
        assert not complaint, (call, done)


def test_redis_cli_shows_errors(shared):
    assert redis_cli(shared, "NOSUCH").stdout.startswith("ERR unknown command")
    assert redis_cli(shared, "-e", "CEIL", "four").returncode == 1


def test_redis_cli_advises_quotes(shared):
    assert "quote" in redis_cli(shared, "TEXT", "hello", "world").stdout


def test_redis_cli_info(shared):
    done = redis_cli(shared, "INFO")
    assert done.stderr == "" and "redis_mode:standalone" in done.stdout


def test_redis_cli_from_standard_input(shared):
    done = redis_cli(shared, data="PING\nCEIL 4.40\nTEXT 'a b'\n")
    assert (done.stdout, done.stderr) == ("PONG\n5\na b\n", "")


def test_redis_cli_pipe(shared):
    data = "".join(f"CEIL {n}.5\r\n" for n in range(5000))
    done = redis_cli(shared, "--pipe", listener="resp", data=data)
    assert "errors: 0, replies: 5000" in done.stdout, done
    resp = "".join(f"*2\r\n$4\r\nCEIL\r\n$3\r\n{n}.5\r\n" for n in range(10)) * 500
    done = redis_cli(shared, "--pipe", data=resp)
    assert "errors: 0, replies: 5000" in done.stdout and done.stderr == "", done


def at_a_terminal(*command):
    """The program at a terminal of its own."""
    return pexpect.spawn(program(command[0]), [str(word) for word in command[1:]], timeout=30,
                         encoding="utf-8", dimensions=(40, 120),
                         env={**os.environ, "TERM": "xterm"})


def enter(child, line):
    """Types the line; redis-cli wants a carriage return, as a terminal in raw mode sends it."""
    child.send(line + "\r")


@pytest.fixture
def repl(shared):
    """redis-cli's prompt."""
    child = at_a_terminal("redis-cli", "-p", shared.port)
    child.expect(r"127\.0\.0\.1:\d+> ")
    yield child
    child.close(force=True)


def test_redis_cli_repl_answers(repl):
    enter(repl, "CEIL 4.40")
    repl.expect(r"\(integer\) 5\r\n")
    enter(repl, 'TEXT "hello world"')
    repl.expect('\r\n"hello world"\r\n')


def test_redis_cli_repl_hints(repl):
    """The synopsis, in grey, behind what was typed; it comes from COMMAND DOCS."""
    repl.send("ceil ")
    repl.expect("real")


def test_redis_cli_repl_help(repl):
    enter(repl, "HELP ceil")
    repl.expect("(?i)CEIL(\x1b[^m]*m)* *(\x1b[^m]*m)*real")
    repl.expect("summary:")


def test_redis_cli_repl_in_resp3(shared):
    child = at_a_terminal("redis-cli", "-3", "-p", shared.port)
    child.expect("> ")
    enter(child, "HELLO 3")
    child.expect(r'"proto" => \(integer\) 3')
    child.close(force=True)


def test_redis_cli_stat(shared):
    child = at_a_terminal("redis-cli", "-p", shared.port, "-i", "0.1", "--stat")
    for _ in range(3):
        child.expect(r"\n\d+ +[\d.]+[BKM]? +\d+ +\d+ +\d+ \(\+\d+\) +\d+")
    child.close(force=True)


def test_redis_cli_latency(shared):
    done = redis_cli(shared, "-i", "1", "--latency", "--raw", seconds=30)
    least, most, average, samples = done.stdout.split()[:4]
    assert float(least) <= float(average) <= float(most) and int(samples) > 0
    assert done.stderr == ""


# --- redis-benchmark

def benchmark(shared, *arguments, listener="main"):
    done = run(program("redis-benchmark"), "-p", shared.address(listener)[1], "-n", "5000", "-c",
               "20", "-P", "4", "-q", *arguments, seconds=60)
    assert done.returncode == 0, done
    assert done.stderr == "" and "WARN" not in done.stdout and "rror" not in done.stdout, done
    assert "requests per second" in done.stdout
    return done.stdout


def test_redis_benchmark_ping_mbulk(shared):
    assert "PING_MBULK" in benchmark(shared, "-t", "ping_mbulk")


@pytest.mark.parametrize("command", [("ECHO", "hello"), ("CEIL", "4.40"), ("TEXT", "hello")])
def test_redis_benchmark_of_any_command(shared, command):
    benchmark(shared, *command)


def test_redis_benchmark_ping_inline_where_lines_get_resp(shared):
    output = benchmark(shared, "-t", "ping", listener="resp")
    assert "PING_INLINE" in output and "PING_MBULK" in output


# --- Python

def test_python_redis(shared):
    client = redis.Redis("127.0.0.1", shared.port, decode_responses=True, client_name="python",
                         socket_timeout=30)
    assert client.ping()
    assert client.execute_command("TEXT", "hello world") == "hello world"
    assert client.execute_command("CEIL", "4.40") == 5
    assert client.echo("é") == "é"
    assert client.client_getname() == "python" and client.client_id() > 0
    assert client.info()["redis_mode"] == "standalone"
    assert client.info("clients")["connected_clients"] >= 1
    assert client.config_get("save") == {"save": ""}
    assert any(one["name"] == "python" for one in client.client_list())
    assert client.command_count() == len(client.command())
    assert client.slowlog_len() == len(client.slowlog_get(-1))
    with pytest.raises(redis.ResponseError, match="not a real number|number"):
        client.execute_command("CEIL", "four")
    pipe = client.pipeline(transaction=False)
    for number in range(1000):
        pipe.execute_command("CEIL", f"{number}.5")
    assert pipe.execute() == list(range(1, 1001))
    client.close()


def test_python_redis_with_a_health_check_and_a_pool(shared):
    pool = redis.BlockingConnectionPool(host="127.0.0.1", port=shared.port, max_connections=5,
                                        health_check_interval=1, socket_timeout=30)
    client = redis.Redis(connection_pool=pool)
    assert [client.execute_command("CEIL", "0.5") for _ in range(100)] == [1] * 100
    pool.disconnect()


def test_python_redis_survives_an_idle_end(daemon):
    """A pool's connection that was closed for idleness must not be read as a wrong reply."""
    one = daemon('[deadlines]\nidle = "200ms"\n')
    client = redis.Redis("127.0.0.1", one.port, socket_timeout=30, retry_on_timeout=True)
    for _ in range(3):
        assert client.execute_command("CEIL", "4.40") == 5
        time.sleep(0.4)


# --- netcat

def test_nc_with_N_gets_its_replies_and_ends(shared):
    done = run(program("nc.openbsd"), "-N", "127.0.0.1", shared.port,
               data="TEXT hello\nCEIL 4.40\nCEIL four\n", seconds=10)
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and lines[:2] == ["hello", "5"]
    assert lines[2].startswith("(error) ERR ")


def test_nc_without_N_gets_its_reply_and_stays(shared):
    process = subprocess.Popen([program("nc.openbsd"), "127.0.0.1", str(shared.port)],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        for request, reply in ((b"CEIL 4.40\n", b"5\n"), (b"TEXT still here\n", b"still here\n")):
            process.stdin.write(request)
            process.stdin.flush()
            assert process.stdout.readline() == reply
            time.sleep(0.1)
            assert process.poll() is None
    finally:
        process.kill()
        process.communicate()


def test_nc_over_a_unix_socket(daemon, tmp_path):
    daemon(f'[[listener]]\nname = "main"\naddress = "unix:{tmp_path}/s"\n')
    done = run(program("nc.openbsd"), "-N", "-U", tmp_path / "s", data="CEIL 4.40\n")
    assert done.stdout == "5\n"


# --- what watches Redis servers

HAPROXY = """
global
  stats socket {directory}/stats.sock level admin
  maxconn 100
defaults
  mode tcp
  timeout connect 2s
  timeout client 5s
  timeout server 5s
frontend front
  bind 127.0.0.1:{front}
  default_backend back
backend back
  option redis-check
  server reactord 127.0.0.1:{port} check inter 100ms
"""


def test_haproxy_redis_check(shared, tmp_path):
    front = free_port()
    config = tmp_path / "haproxy.cfg"
    config.write_text(HAPROXY.format(directory=tmp_path, front=front, port=shared.port))
    with open(tmp_path / "log", "wb") as log:
        process = subprocess.Popen([program("haproxy"), "-db", "-f", str(config)], stdout=log,
                                   stderr=log)

    def state():
        """status, check_status of the server in "show stat"."""
        try:
            with Client(f"{tmp_path}/stats.sock") as stats:
                rows = stats.send(b"show stat\n").read_until_eof().decode().splitlines()
        except OSError:
            return None
        names = rows[0].lstrip("# ").split(",")
        for row in rows[1:]:
            fields = dict(zip(names, row.split(",")))
            if fields.get("svname") == "reactord" and not fields["check_status"].startswith("*"):
                return fields if fields["check_status"] else None
        return None

    try:
        fields = eventually(state, what="a checked server")
        assert (fields["status"], fields["check_status"]) == ("UP", "L7OK"), fields
        with Client(("127.0.0.1", front)) as client:
            assert client.call("CEIL", "4.40") == 5
        time.sleep(0.5)
        assert eventually(state)["status"] == "UP"
    finally:
        process.terminate()
        process.wait(10)


def test_prometheus_redis_exporter(shared, tmp_path):
    port = free_port()
    log_path = tmp_path / "log"
    with open(log_path, "wb") as log:
        process = subprocess.Popen(
            [program("prometheus-redis-exporter"),
             "-redis.addr", f"redis://127.0.0.1:{shared.port}",
             "-web.listen-address", f"127.0.0.1:{port}"], stdout=log, stderr=log)

    def scrape():
        try:
            with Client(("127.0.0.1", port)) as web:
                web.send(b"GET /metrics HTTP/1.0\r\n\r\n")
                return web.read_until_eof().decode()
        except (OSError, AssertionError):
            return None

    try:
        metrics = eventually(scrape, what="metrics")
        assert re.search(r"^redis_up 1$", metrics, re.M), log_path.read_text()
        assert re.search(r"^redis_exporter_last_scrape_error\{err=\"\"\} 0$", metrics, re.M)
        assert re.search(r"^redis_connected_clients [1-9]", metrics, re.M)
        assert re.search(r"^redis_commands_processed_total [1-9]", metrics, re.M)
        complaints = re.findall(r".*level=(?:warn|error).*", log_path.read_text())
        assert not complaints, complaints
    finally:
        process.terminate()
        process.wait(10)


# --- many at once

@pytest.mark.skipif(SANITIZED, reason="speed is not what a sanitizer build is for")
def test_three_clients_of_three_kinds_at_once(shared):
    """A library, a person at netcat and a benchmark share the daemon."""
    python = redis.Redis("127.0.0.1", shared.port, socket_timeout=30)
    nc = subprocess.Popen([program("nc.openbsd"), "127.0.0.1", str(shared.port)],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    load = subprocess.Popen([program("redis-benchmark"), "-p", str(shared.port), "-n", "50000",
                             "-c", "20", "-P", "16", "-q", "CEIL", "4.40"],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for number in range(100):
            assert python.execute_command("CEIL", f"{number}.1") == number + 1
            nc.stdin.write(b"CEIL %d.1\n" % number)
            nc.stdin.flush()
            assert nc.stdout.readline() == b"%d\n" % (number + 1)
        assert load.wait(60) == 0
    finally:
        for process in (nc, load):
            process.kill()
            process.communicate()
