-- Say that a message is about to be posted or changed, and since when: whoever finds it so was not told how it went.
-- It is kept as long as its request is live, then, as a message of no request is, for a while.
-- KEYS 1 messages  2 request, where it belongs to one
-- ARGV 1 role  2 what the role held when read, '' for nothing  3 value, to which the server's clock (ms) is added
--      4 kept (s)
-- returns what the role holds now, or false when someone else has changed it meanwhile
if redis.replicate_commands then redis.replicate_commands() end
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return false end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local value = ARGV[3] .. ' ' .. string.format('%.0f', now)
redis.call('HSET', KEYS[1], ARGV[1], value)
if KEYS[2] and redis.call('TTL', KEYS[2]) == -1 then redis.call('PERSIST', KEYS[1])
else redis.call('EXPIRE', KEYS[1], ARGV[4]) end
return value
