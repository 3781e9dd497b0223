// SPDX-License-Identifier: MIT
// Talks to reactord with the npm package `redis`: node_redis.mjs PORT RESP-VERSION
// Prints one JSON object; anything on stderr fails the test.
import { createClient } from 'redis';

const [port, version] = process.argv.slice(2).map(Number);
const client = createClient({
  RESP: version,
  socket: { host: '127.0.0.1', port, reconnectStrategy: false, connectTimeout: 5000 },
  name: 'node-redis',
});
client.on('error', (error) => { console.error(error); process.exitCode = 1; });

await client.connect();
const seen = {
  ping: await client.ping(),
  text: await client.sendCommand(['TEXT', 'hello from node']),
  ceil: await client.sendCommand(['CEIL', '4.40']),
  name: await client.clientGetName(),
  pipelined: await Promise.all([1, 2, 3].map((n) => client.sendCommand(['CEIL', `${n}.5`]))),
};
try {
  await client.sendCommand(['CEIL', 'four']);
} catch (error) {
  seen.error = error.message;
}
await client.close();
console.log(JSON.stringify(seen));
