-- Claim deadlines that are due: nobody else gets them until the hold is over. A transition removes them.
-- KEYS 1 deadlines
-- ARGV 1 how many at most  2 hold (ms)
-- returns the members, the longest due first
if redis.replicate_commands then redis.replicate_commands() end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1])
for _, member in ipairs(due) do redis.call('ZADD', KEYS[1], now + ARGV[2], member) end
return due
