-- A sign-in comes back: whoever comes first in the browser in which it began takes it, once; another leaves it be.
-- KEYS 1 step-up
-- ARGV 1 browser
-- returns {'unknown'}, {'other'} or {'taken', doc}
local doc = redis.call('GET', KEYS[1])
if not doc then return {'unknown'} end
if cjson.decode(doc).browser ~= ARGV[1] then return {'other'} end
redis.call('DEL', KEYS[1])
return {'taken', doc}
