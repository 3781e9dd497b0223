<?php
// SPDX-License-Identifier: MIT
// Debian's php-predis: predis.php PORT
error_reporting(E_ALL & ~E_DEPRECATED);  // it is older than this PHP
require 'Predis/Autoloader.php';
Predis\Autoloader::register();
$client = new Predis\Client(['host' => '127.0.0.1', 'port' => (int) $argv[1], 'database' => 0,
                             'read_write_timeout' => 10]);
$seen = ['begin' => $client->echo('begin'), 'ceil' => $client->executeRaw(['CEIL', '4.40']),
         'text' => $client->executeRaw(['TEXT', 'HELLO world'])];
$seen['pipelined'] = array_map('intval', $client->pipeline(function ($pipe) {
    $pipe->echo('2');
    $pipe->echo('3');
}));
$seen['transaction'] = array_map('intval', $client->transaction(function ($transaction) {
    $transaction->echo('4');
    $transaction->echo('5');
}));
try {
    $client->echo('cut');
} catch (Predis\Connection\ConnectionException $lost) {
    $client->disconnect();
}
$seen['again'] = $client->echo('again');
$seen['end'] = $client->echo('end');
$client->quit();
echo json_encode($seen);
