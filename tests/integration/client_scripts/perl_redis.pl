# SPDX-License-Identifier: MIT
# Debian's libredis-perl: perl_redis.pl PORT
use strict;
use warnings;
use JSON::PP;
use Redis;

my $client = Redis->new(server => "127.0.0.1:$ARGV[0]", name => 'me', reconnect => 10,
                        every => 100_000);
my %seen = (begin => $client->echo('begin'), ceil => 0 + $client->ceil('4.40'),
            text => $client->text('HELLO world'));
my @pipelined;
$client->ceil($_, sub { push @pipelined, 0 + $_[0] }) for '1.5', '2.5';
$client->wait_all_responses;
$seen{pipelined} = \@pipelined;
$client->multi;
$client->ceil($_) for '3.5', '4.5';
$seen{transaction} = [map { 0 + $_ } $client->exec];
eval { $client->echo('cut') };
$seen{again} = $client->echo('again');
$seen{end} = $client->echo('end');
$client->quit;
print encode_json(\%seen);
