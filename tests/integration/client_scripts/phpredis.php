<?php
// SPDX-License-Identifier: MIT
// Debian's php-redis, with a persistent connection: phpredis.php PORT
error_reporting(E_ALL);
function connect() {
    global $argv;
    $client = new Redis();
    $client->pconnect('127.0.0.1', (int) $argv[1], 10.0, 'me');
    // Else it may connect anew by itself while it waits for a reply, and go on waiting for it there.
    $client->setOption(Redis::OPT_MAX_RETRIES, 0);
    $client->select(0);
    return $client;
}
$client = connect();
$seen = ['begin' => $client->echo('begin'), 'ceil' => $client->rawCommand('CEIL', '4.40'),
         'text' => $client->rawCommand('TEXT', 'HELLO world')];
$pipe = $client->multi(Redis::PIPELINE);
$pipe->rawCommand('CEIL', '1.5');
$pipe->rawCommand('CEIL', '2.5');
$seen['pipelined'] = $pipe->exec();
$transaction = $client->multi();
$transaction->rawCommand('CEIL', '3.5');
$transaction->rawCommand('CEIL', '4.5');
$seen['transaction'] = $transaction->exec();
try {
    $client->echo('cut');
} catch (RedisException $lost) {
    $client = connect();
}
$seen['again'] = $client->echo('again');
$seen['end'] = $client->echo('end');
$client->close();
echo json_encode($seen);
