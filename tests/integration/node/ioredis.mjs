// SPDX-License-Identifier: MIT
// Talks to reactord with the npm package `ioredis`, its ready check (INFO) included: ioredis.mjs PORT
// Prints one JSON object; anything on stderr fails the test.
import Redis from 'ioredis';

const client = new Redis({
  host: '127.0.0.1',
  port: Number(process.argv[2]),
  connectionName: 'ioredis',
  retryStrategy: () => null,
});
client.on('error', (error) => { console.error(error); process.exitCode = 1; });

const seen = {
  ping: await client.ping(),
  text: await client.call('TEXT', 'hello from ioredis'),
  ceil: await client.call('CEIL', '4.40'),
  name: await client.client('GETNAME'),
  pipelined: (await client.pipeline([['call', 'CEIL', '1.5'], ['call', 'CEIL', '2.5']]).exec()),
};
try {
  await client.call('CEIL', 'four');
} catch (error) {
  seen.error = error.message;
}
seen.quit = await client.quit();
console.log(JSON.stringify(seen));
