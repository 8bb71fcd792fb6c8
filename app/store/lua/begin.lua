-- Say that a message is about to be posted or changed, and since when: whoever finds it so was not told how it went.
-- KEYS 1 messages
-- ARGV 1 role  2 value, to which the server's clock (ms) is added  3 kept (s)
if redis.replicate_commands then redis.replicate_commands() end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. string.format('%.0f', now))
return redis.call('EXPIRE', KEYS[1], ARGV[3])
