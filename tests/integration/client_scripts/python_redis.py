# SPDX-License-Identifier: MIT
# Debian's python3-redis: python_redis.py PORT
import json
import sys

import redis

client = redis.Redis("127.0.0.1", int(sys.argv[1]), client_name="me", decode_responses=True,
                     socket_timeout=10, health_check_interval=60)
seen = {"begin": client.echo("begin"), "ceil": client.execute_command("CEIL", "4.40"),
        "text": client.execute_command("TEXT", "HELLO world")}
pipe = client.pipeline(transaction=False)
for number in ("1.5", "2.5"):
    pipe.execute_command("CEIL", number)
seen["pipelined"] = pipe.execute()
transaction = client.pipeline()
for number in ("3.5", "4.5"):
    transaction.execute_command("CEIL", number)
seen["transaction"] = transaction.execute()
try:
    client.echo("cut")
except redis.ConnectionError:
    pass
seen["again"] = client.echo("again")
seen["end"] = client.echo("end")
client.close()
print(json.dumps(seen))
