// SPDX-License-Identifier: MIT
// The npm package `@valkey/valkey-glide`: glide.mjs PORT RESP-VERSION
import { Batch, GlideClient, Logger, ProtocolVersion } from '@valkey/valkey-glide';

const [port, version] = process.argv.slice(2).map(Number);
Logger.init('error'); // that a connection was cut is a warning
const client = await GlideClient.createClient({
  addresses: [{ host: '127.0.0.1', port }],
  clientName: 'me',
  protocol: version === 3 ? ProtocolVersion.RESP3 : ProtocolVersion.RESP2,
  requestTimeout: 5000,
});
const echo = (word) => client.customCommand(['ECHO', word]);
const ceil = (real) => client.customCommand(['CEIL', real]);
const seen = {
  begin: await echo('begin'),
  ceil: await ceil('4.40'),
  text: await client.customCommand(['TEXT', 'HELLO world']),
  pipelined: await Promise.all([ceil('1.5'), ceil('2.5')]),
  transaction: await client.exec(
    new Batch(true).customCommand(['CEIL', '3.5']).customCommand(['CEIL', '4.5']), true),
};
await echo('cut').catch(() => {});
seen.again = await echo('again');
seen.end = await echo('end');
client.close();
console.log(JSON.stringify(seen));
