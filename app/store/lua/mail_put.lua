-- Put a letter into the post, unless it is there or was sent already.
-- KEYS 1 letter  2 letters that are new
-- ARGV 1 id  2 document  3 kept for (ms)
-- returns 1 when it was put
if redis.replicate_commands then redis.replicate_commands() end
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], 'doc', ARGV[2], 'state', 'waiting', 'tries', 0, 'put', now)
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('ZADD', KEYS[2], now, ARGV[1])
return 1
