-- Let somebody decide for somebody else, until an end that the key has as its TTL; record it.
-- KEYS 1 delegation of the person  2 delegations of the partition  3 events
-- ARGV 1 person  2 doc  3 end (ms)  4 event
-- returns 1, or 0 when the end is past or there is a delegation already
if redis.replicate_commands then redis.replicate_commands() end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if tonumber(ARGV[3]) <= now or redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PXAT', ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
redis.call('XADD', KEYS[3], '*', 'event', ARGV[4])
return 1
