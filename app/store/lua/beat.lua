-- Take a heartbeat: the access that it is for lasts on, and is looked at again when none has followed in time.
-- KEYS 1 beat  2 grant  3 deadlines
-- ARGV 1 deadline member  2 how long until the next has to come (ms)
-- returns 1; 0 where there is no grant any more, and then nothing is written
if redis.replicate_commands then redis.replicate_commands() end
if redis.call('EXISTS', KEYS[2]) == 0 then return 0 end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('SET', KEYS[1], '1', 'PX', ARGV[2])
redis.call('ZADD', KEYS[3], now + ARGV[2] + 1, ARGV[1])
return 1
