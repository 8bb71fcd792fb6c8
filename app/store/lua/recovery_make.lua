-- Give new recovery codes in the place of all earlier ones, to somebody who has a second factor.
-- KEYS 1 factors of the person  2 recovery codes  3 events
-- ARGV 1 codes count from (ms)  2 event  3… digests
-- returns 1, or 0 when they have no factor
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('DEL', KEYS[2])
redis.call('HSET', KEYS[2], 'from', ARGV[1])
for i = 3, #ARGV do redis.call('HSET', KEYS[2], ARGV[i], 1) end
redis.call('XADD', KEYS[3], '*', 'event', ARGV[2])
return 1
