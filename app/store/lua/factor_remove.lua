-- Remove a second factor; the recovery codes go with the last one.
-- KEYS 1 factors of the person  2 recovery codes  3 events
-- ARGV 1 id  2 raw id of a key, "" for an app  3 event
-- returns 1 when it was removed by this
if redis.call('HDEL', KEYS[1], 'doc:' .. ARGV[1]) == 0 then return 0 end
for _, part in ipairs({'count:', 'used:', 'step:', 'secret:'}) do redis.call('HDEL', KEYS[1], part .. ARGV[1]) end
if ARGV[2] ~= '' then redis.call('HDEL', KEYS[1], 'raw:' .. ARGV[2]) end
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('DEL', KEYS[2]) end
redis.call('XADD', KEYS[3], '*', 'event', ARGV[3])
return 1
