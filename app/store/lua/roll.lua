-- Keep what a source said, unless something newer is kept; what went wrong before is over.
-- KEYS 1 hash of all sources  2 what this source said
-- ARGV 1 id of the source  2 as of (ms)  3 document  4 TTL (ms)
-- returns 1 when it was kept
local known = redis.call('HGET', KEYS[1], ARGV[1] .. ':as_of')
if known and tonumber(known) > tonumber(ARGV[2]) and redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[4])
redis.call('HSET', KEYS[1], ARGV[1] .. ':as_of', ARGV[2])
redis.call('HDEL', KEYS[1], ARGV[1] .. ':problem')
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
