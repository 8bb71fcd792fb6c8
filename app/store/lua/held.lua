-- Find the grants that permit something at this instant, by the server's clock.
-- KEYS 1 held
-- returns grant, end (ms), in pairs, the last to end first
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
return redis.call('ZREVRANGEBYSCORE', KEYS[1], '+inf', '(' .. string.format('%.0f', now), 'WITHSCORES', 'LIMIT', 0, 100)
