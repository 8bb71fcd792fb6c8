-- Draw some of the calls that a caller has in a span of time.
-- KEYS 1 calls drawn
-- ARGV 1 limit  2 span (ms)  3 how many are wanted
-- returns {drawn, ms until the span is over}
local before = tonumber(redis.call('GET', KEYS[1]) or 0)
local drawn = math.max(0, math.min(tonumber(ARGV[3]), tonumber(ARGV[1]) - before))
if drawn > 0 then
  redis.call('INCRBY', KEYS[1], drawn)
  if before == 0 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
end
return {drawn, redis.call('PTTL', KEYS[1])}
