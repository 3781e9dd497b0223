// SPDX-License-Identifier: MIT
// The npm package `ioredis`, its ready check included, or `iovalkey`: ioredis.mjs PORT PACKAGE
const [port, name] = process.argv.slice(2);
const { Redis } = await import(name);
const client = new Redis({
  host: '127.0.0.1',
  port: Number(port),
  connectionName: 'me',
  retryStrategy: () => 50,
});
client.on('error', (error) => console.error(error));

const seen = {
  begin: await client.echo('begin'),
  ceil: await client.call('CEIL', '4.40'),
  text: await client.call('TEXT', 'HELLO world'),
  pipelined: (await client.pipeline([['call', 'CEIL', '1.5'], ['call', 'CEIL', '2.5']]).exec())
    .map(([error, reply]) => error ?? reply),
  transaction: (await client.multi().call('CEIL', '3.5').call('CEIL', '4.5').exec())
    .map(([error, reply]) => error ?? reply),
};
await client.echo('cut'); // it connects again, and asks again
seen.again = await client.echo('again');
seen.end = await client.echo('end');
await client.quit();
console.log(JSON.stringify(seen));
