// SPDX-License-Identifier: MIT
// The npm package `redis`: node_redis.mjs PORT RESP-VERSION
import { createClient } from 'redis';

const [port, version] = process.argv.slice(2).map(Number);
const client = createClient({
  RESP: version,
  socket: { host: '127.0.0.1', port, reconnectStrategy: () => 50, connectTimeout: 5000 },
  name: 'me',
});
let lost = 0;
client.on('error', () => { ++lost; });
await client.connect();

const ceil = (real) => client.sendCommand(['CEIL', real]);
const seen = {
  begin: await client.echo('begin'),
  ceil: await ceil('4.40'),
  text: await client.sendCommand(['TEXT', 'HELLO world']),
  pipelined: await Promise.all([ceil('1.5'), ceil('2.5')]),
  transaction: await client.multi().addCommand(['CEIL', '3.5']).addCommand(['CEIL', '4.5']).exec(),
};
await client.echo('cut').catch(() => {});
seen.again = await client.echo('again');
seen.end = await client.echo('end');
await client.close();
if (lost !== 1) console.error(`${lost} errors: the one cut was expected`);
console.log(JSON.stringify(seen));
