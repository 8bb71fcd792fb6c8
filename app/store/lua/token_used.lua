-- Note when a token was last used, to the minute; one that is revoked meanwhile does not come back.
-- KEYS 1 token
-- ARGV 1 within how many ms it counts as noted
if redis.replicate_commands then redis.replicate_commands() end
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local before = tonumber(redis.call('HGET', KEYS[1], 'used') or 0)
if now - before >= tonumber(ARGV[1]) then redis.call('HSET', KEYS[1], 'used', string.format('%.0f', now)) end
return 1
