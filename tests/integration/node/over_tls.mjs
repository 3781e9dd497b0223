// SPDX-License-Identifier: MIT
// As a user over TLS: over_tls.mjs PORT PACKAGE CA-FILE USER PASSWORD
import { readFileSync } from 'node:fs';

const [port, name, ca, username, password] = process.argv.slice(2);
const at = { host: 'localhost', port: Number(port) };
const tls = { ca: readFileSync(ca) };
const library = await import(name);
const clientOf = {
  redis: async () => {
    const client = library.createClient({ username, password, socket: { ...at, ...tls, tls: true } });
    await client.connect();
    return { call: (...words) => client.sendCommand(words), end: () => client.close() };
  },
  ioredis: async () => {
    const client = new library.Redis({ ...at, tls, username, password });
    return { call: (...words) => client.call(...words), end: () => client.quit() };
  },
};
const client = await (clientOf[name] ?? clientOf.ioredis)();
const seen = [await client.call('ACL', 'WHOAMI')];
seen.push(...await Promise.all(Array.from({ length: 100 }, (_, n) => client.call('CEIL', `${n}.5`))));
seen.push((await client.call('ECHO', 'x'.repeat(1 << 20))).length);
await client.end();
console.log(JSON.stringify(seen));
