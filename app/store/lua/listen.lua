-- Look whether a grant's heartbeats have stopped. While they have not, or nobody could have heard them, look later.
-- KEYS 1 beat  2 deadlines
-- ARGV 1 deadline member  2 for how long nobody can tell yet (ms), 0 when the answer counts now
-- returns 1 when they have stopped
if redis.replicate_commands then redis.replicate_commands() end
local left = math.max(redis.call('PTTL', KEYS[1]), tonumber(ARGV[2]))
if left <= 0 then return 1 end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[2], 'XX', now + left + 1, ARGV[1])
return 0
