-- Note that somebody takes heartbeats, and since when without a gap.
-- KEYS 1 hearing
-- ARGV 1 TTL (ms)
-- returns since when (ms)
if redis.replicate_commands then redis.replicate_commands() end
local since = redis.call('GET', KEYS[1])
if not since then
  local time = redis.call('TIME')
  since = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
end
redis.call('SET', KEYS[1], since, 'PX', ARGV[1])
return since
