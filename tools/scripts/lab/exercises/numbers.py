# SPDX-License-Identifier: MIT
"""The real number and the next higher integer, through clients of every kind."""

import os
import pathlib

TITLE = "The next higher integer, through clients of every kind"
# The last two are beyond what a binary float holds exactly.
ANSWERS = {"4.40": "5", "-4.40": "-4", "4.00": "4", "-0.5": "0",
           "4.00000000000000000000001": "5", "9007199254740993.5": "9007199254740994"}
NODE_FOLDER = "REACTORD_NODE_DIR"  # where the npm packages are

PYTHON = """\
/usr/bin/python3 -c '
import redis
server = redis.Redis(port=12348)
for number in "{numbers}".split():
    print(server.execute_command("CEIL", number))'"""
NODE = """\
NODE_PATH={packages} node -e '
const {{ createClient }} = require("redis");
const client = createClient({{ socket: {{ port: 12348 }} }});
(async () => {{
  await client.connect();
  for (const number of "{numbers}".split(" ")) {{
    console.log(String(await client.sendCommand(["CEIL", number])));
  }}
  await client.close();
}})();'"""


def run(lab):
    lab.say("""A real number goes to the server, the next higher integer comes back. It is
            computed from the decimal digits, so it is exact at any size. Each client sends the
            same numbers.""")
    lab.configure("6-numbers")
    daemon = lab.daemon("6-numbers")
    through_programs(lab)
    through_libraries(lab)
    what_is_no_number(lab)
    daemon.stop()


def send(lab, what, command):
    done = lab.on("server", command)
    expected = "".join(f"{answer}\n" for answer in ANSWERS.values())
    lab.check(f"{what}: every answer is right", done.output == expected, done.output)


def through_programs(lab):
    numbers = " ".join(ANSWERS)
    lab.say("reactor-cli, one command after the other (port 12348):")
    send(lab, "reactor-cli",
         f"for number in {numbers}; do reactor-cli --port 12348 ceil $number; done")
    lab.say("netcat, all numbers at once, one a line (port 12347):")
    send(lab, "nc", f"printf '%s\\n' {numbers} | nc -N 127.0.0.1 12347")
    lab.say("""A first program, one number a connection, and nothing that ends the number (port
            12346, framing "raw"):""")
    send(lab, "raw socket client",
         f"for number in {numbers}; do first_client 127.0.0.1 12346 $number; done")


def through_libraries(lab):
    numbers = " ".join(ANSWERS)
    lab.say("Python's Redis client (port 12348, as all that speak the protocol of Redis):")
    send(lab, "Python's redis", PYTHON.format(numbers=numbers))
    lab.say("Node's Redis client:")
    packages = pathlib.Path(os.environ.get(NODE_FOLDER, "")) / "node_modules"
    if (packages / "redis").is_dir():
        send(lab, "Node's redis", NODE.format(packages=packages, numbers=numbers))
    else:
        lab.skip("Node's redis: npm could not fetch its packages, so it was not tried")


def what_is_no_number(lab):
    lab.say("And what is no number is an error, not a guess:")
    done = lab.on("server", "reactor-cli --port 12348 ceil four; echo \"status $?\"")
    lab.check("the client is told so, and its exit status is 1",
              done.output.startswith("ERR ") and done.output.endswith("status 1\n"), done.output)
