# SPDX-License-Identifier: MIT
"""What is compared: the servers, and the loads that each of them gets. Measures nothing."""

from dataclasses import dataclass

# name: what it says, and how.
SERVERS = {
    "floor": "plain echo; epoll, 256 KiB a recv",
    "reactord": "RESP; with its limits, deadlines and counters",
    "redis": "RESP",
    "libevent": "RESP, plain echo from 64 KiB on; bufferevents, 4 KiB a recv (its most)",
    "libuv": "RESP, plain echo from 64 KiB on; one shared buffer, 64 KiB a recv",
    "asio": "RESP, plain echo from 64 KiB on; a buffer of 64 KiB for each connection",
    "memcached": "a get that finds nothing; one thread; connections and memory alone",
}
PEERS = ("libevent", "libuv", "asio")

KIB, MIB = 1 << 10, 1 << 20


@dataclass(frozen=True)
class Row:
    """One load: `clients` connections, each with `depth` requests on their way, beside `idle`
    ones that say nothing."""

    key: str
    group: str
    title: str
    depth: int = 1
    value_bytes: int = 4
    clients: int = 50
    idle: int = 0
    churn: bool = False  # a connection for each request
    command: str = "ECHO"
    generator: str = "reactor-load"

    @property
    def plain(self):
        """Whether the peers echo plainly, as the floor does. What a parser of RESP costs with
        large values is how it keeps half a frame, and that would be ours, not the library's."""
        return self.value_bytes >= 64 * KIB

    def takes(self, server):
        if server == "memcached":
            return self.churn
        return self.command == "ECHO" or server in ("floor", "reactord")


ROWS = [
    *(Row(f"depth-{depth}", "depth", f"depth {depth}, 4 B", depth=depth) for depth in (1, 16, 100)),
    *(Row(f"ceil-{depth}", "ceil", f"`CEIL 4.40`, depth {depth}", depth=depth, command="CEIL")
      for depth in (1, 16, 100)),
    *(Row(f"redis-benchmark-{depth}", "redis-benchmark", f"depth {depth}, redis-benchmark",
          depth=depth, generator="redis-benchmark") for depth in (1, 16, 100)),
    Row("value-1k", "values", "1 KiB", value_bytes=KIB),
    Row("value-64k", "values", "64 KiB, 10 connections", value_bytes=64 * KIB, clients=10),
    Row("value-1m", "values", "1 MiB, 10 connections", value_bytes=MIB, clients=10),
    Row("connections-1", "connections", "1 connection", clients=1),
    Row("connections-1000", "connections", "1,000 connections, 50 of them active", idle=950),
    Row("connections-15000", "connections", "15,000 idle beside 50 active", idle=15_000),
    Row("churn", "churn", "connect, request, close", churn=True),
]

# Beside the rows of CPU time: what else a run can measure.
EXTRAS = {
    "latency": "in the open model, at half of the peak rate",
    "instructions": "of user space, for each request",
    "memory": "at rest, and of an idle connection",
    "start": "until the first reply, and until READY=1",
}
GROUPS = [*dict.fromkeys(row.group for row in ROWS), *EXTRAS]

# Instructions are counted for these; the load that a profiler slows down is no longer the load
# where connections or large values matter.
INSTRUCTION_ROWS = [row for row in ROWS if row.group in ("depth", "ceil") or row.key == "value-1k"]
