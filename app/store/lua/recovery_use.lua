-- Use up a recovery code, or count a failed try, of which there are as many as of codes of an app together.
-- KEYS 1 recovery codes  2 failed tries  3 events
-- ARGV 1 digest  2 tries  3 span of them (ms)  4 event of the use  5 event of a wrong code  6 of no more tries
-- returns {ok | wrong | locked | cooling, codes left, or ms until it can be tried again or counts}
if redis.replicate_commands then redis.replicate_commands() end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local limit, span = tonumber(ARGV[2]), tonumber(ARGV[3])
local failed, oldest = 0, now
for _, try in ipairs(redis.call('LRANGE', KEYS[2], 0, -1)) do
  local at = tonumber(string.match(try, '^(%d+):'))
  if at > now - span then failed, oldest = failed + 1, math.min(oldest, at) end
end
if failed >= limit then return {'locked', oldest + span - now} end
local from = tonumber(redis.call('HGET', KEYS[1], 'from') or '0')
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then
  if from > now then return {'cooling', from - now} end
  redis.call('HDEL', KEYS[1], ARGV[1])
  redis.call('XADD', KEYS[3], '*', 'event', ARGV[4])
  return {'ok', redis.call('HLEN', KEYS[1]) - 1}
end
redis.call('RPUSH', KEYS[2], string.format('%.0f:0', now))
redis.call('LTRIM', KEYS[2], -limit, -1)
redis.call('PEXPIRE', KEYS[2], span)
redis.call('XADD', KEYS[3], '*', 'event', ARGV[5])
if failed + 1 >= limit then redis.call('XADD', KEYS[3], '*', 'event', ARGV[6]) end
return {'wrong', 0}
