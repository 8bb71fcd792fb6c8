-- Look at a gate again later, unless something happened to its request since it was claimed: then at once.
-- KEYS 1 gate  2 gates that are due  3 what fails
-- ARGV 1 request id  2 in (ms)  3 what failed (empty: nothing did; else the pause doubles with each failure in a row)
--      4 failures in a row from which on it is shown  5 longest pause (ms)  6 shortest pause (ms)
-- returns how often in a row it failed
if redis.replicate_commands then redis.replicate_commands() end
if redis.call('HGET', KEYS[1], 'state') ~= 'waiting' then return 0 end
local failed, wait = 0, tonumber(ARGV[2])
if ARGV[3] == '' then
  redis.call('HDEL', KEYS[1], 'failed')
  redis.call('HDEL', KEYS[3], ARGV[1])
else
  failed = redis.call('HINCRBY', KEYS[1], 'failed', 1)
  wait = math.max(tonumber(ARGV[6]), math.min(tonumber(ARGV[5]), wait * 2 ^ math.min(failed - 1, 20)))
  if failed >= tonumber(ARGV[4]) then redis.call('HSET', KEYS[3], ARGV[1], ARGV[3]) end
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local due = redis.call('ZSCORE', KEYS[2], ARGV[1])
if not due or tonumber(due) > now then redis.call('ZADD', KEYS[2], now + math.floor(wait), ARGV[1]) end
return failed
