#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// REPEAT times text, behind reactord's relay: service.js PATH-OF-A-UNIX-SOCKET
const fs = require('fs');
const net = require('net');

function answer(words) {
  const [command, times, text] = words.map(String);
  if (command.toUpperCase() !== 'REPEAT' || words.length !== 3) return '-ERR try REPEAT times text\r\n';
  const result = text.repeat(Math.min(Number(times) || 0, 1000));
  return `$${Buffer.byteLength(result)}\r\n${result}\r\n`;
}

// One request: an array of bulk strings. Returns its words and where it ends, or null while it is not whole.
function readRequest(buffer) {
  let at = 0;
  const line = () => {
    const end = buffer.indexOf('\r\n', at);
    if (end < 0) return null;
    const number = Number(buffer.toString('latin1', at + 1, end));
    at = end + 2;
    return number;
  };
  const count = line();
  const words = [];
  for (let i = 0; count !== null && i < count; ++i) {
    const length = line();
    if (length === null || buffer.length < at + length + 2) return null;
    words.push(buffer.subarray(at, at + length));
    at += length + 2;
  }
  return count === null ? null : { words, end: at };
}

fs.rmSync(process.argv[2], { force: true });
net.createServer((socket) => {
  let received = Buffer.alloc(0);
  socket.on('error', () => {});
  socket.on('data', (data) => {
    received = Buffer.concat([received, data]);
    for (let request; (request = readRequest(received)); received = received.subarray(request.end))
      socket.write(answer(request.words));
  });
}).listen(process.argv[2]);
