-- SPDX-License-Identifier: MIT
-- Debian's lua-redis: lua_redis.lua PORT
local redis = require 'redis'
redis.commands.ceil = redis.command('CEIL')
redis.commands.text = redis.command('TEXT')
redis.commands.echo = redis.command('ECHO')

local function connect() return redis.connect('127.0.0.1', tonumber(arg[1])) end
local client = connect()
local seen = { client:echo('begin'), client:ceil('4.40'), client:text('HELLO world') }
local pipelined = client:pipeline(function(pipe)
  pipe:ceil('1.5')
  pipe:ceil('2.5')
end)
if not pcall(client.echo, client, 'cut') then client = connect() end
print(string.format(
  '{"begin":"%s","ceil":%d,"text":"%s","pipelined":[%d,%d],"again":"%s","end":"%s"}', seen[1],
  seen[2], seen[3], pipelined[1], pipelined[2], client:echo('again'), client:echo('end')))
client:quit()
