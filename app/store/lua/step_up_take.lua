-- A sign-in comes back: whoever comes first in the browser in which it began takes it, once; another leaves it be.
-- What was taken stays for as long as it would have waited, so that a replay is known for whose it is.
-- KEYS 1 step-up
-- ARGV 1 browser
-- returns {'unknown'}, or {'other', doc}, {'used', doc} or {'taken', doc}
local doc = redis.call('GET', KEYS[1])
if not doc then return {'unknown'} end
local kept = cjson.decode(doc)
if kept.browser ~= ARGV[1] then return {'other', doc} end
if kept.used then return {'used', doc} end
kept.used = true
redis.call('SET', KEYS[1], cjson.encode(kept), 'KEEPTTL')
return {'taken', doc}
