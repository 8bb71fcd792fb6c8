-- Note what became of a letter: sent, dropped, failed for good, or to be tried again. What was sent stays sent.
-- KEYS 1 letter  2 letters that are new  3 letters to be tried again  4 failures
-- ARGV 1 id  2 state  3 again in (ms)  4 kept for (ms)  5 failure (JSON, or empty)  6 failures kept at most
if redis.replicate_commands then redis.replicate_commands() end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local before = redis.call('HGET', KEYS[1], 'state')
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
if before == 'sent' then return 0 end
redis.call('HSET', KEYS[1], 'state', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
if ARGV[2] == 'waiting' then
  redis.call('ZADD', KEYS[3], now + ARGV[3], ARGV[1])
else
  redis.call('HDEL', KEYS[1], 'doc')
end
if ARGV[5] ~= '' then
  redis.call('ZADD', KEYS[4], now, ARGV[5])
  redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', now - ARGV[4])
  redis.call('ZREMRANGEBYRANK', KEYS[4], 0, -1 - ARGV[6])
  redis.call('PEXPIRE', KEYS[4], ARGV[4])
end
return 1
