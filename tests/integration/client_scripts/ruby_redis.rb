# SPDX-License-Identifier: MIT
# Debian's ruby-redis: ruby_redis.rb PORT
require 'json'
require 'redis'

client = Redis.new(host: '127.0.0.1', port: ARGV[0].to_i, id: 'me', timeout: 10)
seen = { begin: client.echo('begin'), ceil: client.call('CEIL', '4.40'),
         text: client.call('TEXT', 'HELLO world') }
seen[:pipelined] = client.pipelined { |pipe| %w[1.5 2.5].each { |real| pipe.call('CEIL', real) } }
seen[:transaction] = client.multi { |multi| %w[3.5 4.5].each { |real| multi.call('CEIL', real) } }
client.echo('cut') # it connects again, and asks again
seen[:again] = client.echo('again')
seen[:end] = client.echo('end')
client.quit
puts seen.to_json
