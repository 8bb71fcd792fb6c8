-- Take an answer of a key: once for its challenge, and only with a counter above the last one.
-- A key that does not count says 0 each time. What is refused is recorded.
-- KEYS 1 factors of the person  2 answer to the challenge  3 events
-- ARGV 1 id  2 sign count  3 how long an answer is remembered (ms)  4 event of a replay  5 event of a stale counter
-- returns ok | gone | replayed | stale
if redis.replicate_commands then redis.replicate_commands() end
if redis.call('HEXISTS', KEYS[1], 'doc:' .. ARGV[1]) == 0 then return 'gone' end
if redis.call('EXISTS', KEYS[2]) == 1 then
  redis.call('XADD', KEYS[3], '*', 'event', ARGV[4])
  return 'replayed'
end
local before = tonumber(redis.call('HGET', KEYS[1], 'count:' .. ARGV[1]) or '0')
local count = tonumber(ARGV[2])
if (count > 0 or before > 0) and count <= before then
  redis.call('XADD', KEYS[3], '*', 'event', ARGV[5])
  return 'stale'
end
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
redis.call('SET', KEYS[2], 1, 'PX', ARGV[3])
redis.call('HSET', KEYS[1], 'count:' .. ARGV[1], ARGV[2], 'used:' .. ARGV[1], now)
return 'ok'
