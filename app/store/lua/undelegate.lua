-- End a delegation before its time, if it is still the one that was read; record it.
-- KEYS 1 delegation of the person  2 delegations of the partition  3 events
-- ARGV 1 person  2 doc as read  3 event
-- returns 1 when it was ended by this
if redis.call('GET', KEYS[1]) ~= ARGV[2] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('XADD', KEYS[3], '*', 'event', ARGV[3])
return 1
