# SPDX-License-Identifier: MIT
"""Plays a load against a server: with reactor-load, which verifies every reply, or with
redis-benchmark, which counts them."""

import json
import pathlib
import re
import subprocess
import tempfile

from servers import BIN_DIR, end, spawning

# memcached's protocol: what it says of a key that it does not have.
MEMCACHED_STEP = 'send = "get x", expect = "exact:END", name = "ECHO"'

# Long: a machine that stalls must not end a run of many minutes.
REPLY_TIMEOUT_SECONDS = 30

# Of each connection, to see how fast redis-benchmark is: some 10 ms.
TRIAL_BATCHES = 50

# Before latencies count: all have connected.
WARM_UP_MILLISECONDS = 200


def argument(row):
    return "4.40" if row.command == "CEIL" else "x" * row.value_bytes


def resp(*words):
    return f"*{len(words)}\r\n" + "".join(f"${len(word)}\r\n{word}\r\n" for word in words)


def wire_and_step(row, server):
    """The same bytes go to every server but memcached; an echo is owed all of them back."""
    if server == "memcached":
        return "line", MEMCACHED_STEP
    if server == "floor" or row.plain and server not in ("reactord", "redis"):
        request = json.dumps(resp("ECHO", argument(row)))
        return "raw", f'bytes = {request}, expect = "echo", name = "ECHO"'
    return "resp", f'send = ["{row.command}", "{argument(row)}"]'


def scenario(row, server, port, how_long, rate=0):
    wire, step = wire_and_step(row, server)
    steps = ["{ connect = true }", f"{{ {step} }}", "{ disconnect = true }"]
    return "\n".join([
        "[run]", f'uri = "tcp://127.0.0.1:{port}"', f'protocol = "{wire}"', how_long.get("run", ""),
        f'timeout = "{REPLY_TIMEOUT_SECONDS}s"',
        f'warm_up = "{WARM_UP_MILLISECONDS}ms"' if rate else "",
        "[[group]]", 'name = "load"', f"clients = {row.clients}",
        f"pipeline = {max(row.depth, 16) if rate else row.depth}",
        f"rate = {rate}" if rate else "", how_long.get("group", ""),
        f"steps = [{', '.join(steps if row.churn else steps[1:2])}]", ""])


def run(command, cpus, seconds=300):
    """(exit status, what it printed); it is ended with us."""
    process = None
    try:
        with spawning(cpus) as in_child:
            process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                       preexec_fn=in_child)
        output, _ = process.communicate(timeout=seconds)
        return process.returncode, output
    finally:
        if process and process.poll() is None:
            end(process)


def benchmark(row, port, requests, cpus):
    """What redis-benchmark tells of a run: as of reactor-load, its replies and their rate. It asks for
    the server's configuration first, and goes on where that is no answer."""
    status, output = run(["redis-benchmark", "-p", port, "-c", row.clients, "-P", row.depth, "-n",
                          requests, "--csv", row.command, argument(row)], cpus)
    told = re.search(rf'^"{row.command} [^"]*","([\d.]+)"', output, re.M)
    if status != 0 or not told:
        raise SystemExit(f"redis-benchmark failed, {row.title}:\n{output}")
    return {"replies": requests, "rate": float(told[1])}


def play_benchmark(row, port, seconds, requests, cpus):
    """It knows no duration: a short run tells how many requests fill it."""
    if requests:
        return benchmark(row, port, requests, cpus)
    rate = benchmark(row, port, TRIAL_BATCHES * row.clients * row.depth, cpus)["rate"]
    return benchmark(row, port, max(row.clients * row.depth, round(rate * seconds)), cpus)


def play(row, server, port, seconds=None, requests=None, rate=0, cpus=None, wrapper=()):
    """The generator's result, for so long or so many requests. Stops the run if a reply is wrong.

    `wrapper` is a command that runs it."""
    if row.generator == "redis-benchmark":
        return play_benchmark(row, port, seconds, requests, cpus)
    how_long = ({"group": f"requests = {requests}"} if requests else
                {"run": f'duration = "{round(seconds * 1000)}ms"'})
    with tempfile.TemporaryDirectory(prefix="bench-load-") as name:
        script, result = pathlib.Path(name) / "load.toml", pathlib.Path(name) / "result.json"
        script.write_text(scenario(row, server, port, how_long, rate))
        status, output = run([*wrapper, BIN_DIR / "reactor-load", script, "--quiet", "--json",
                              result], cpus)
        if status != 0:
            raise SystemExit(f"{row.title} against {server} failed:\n{output}")
        return json.loads(result.read_text())
