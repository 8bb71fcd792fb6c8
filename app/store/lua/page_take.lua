-- Takes a one-time page: whoever is first has it, and the others read that it is used.
-- KEYS 1 page
-- returns {'unknown'}, {'used'} or {'taken', doc}
local page = redis.call('HMGET', KEYS[1], 'doc', 'used')
if not page[1] then return {'unknown'} end
if page[2] then return {'used'} end
redis.call('HSET', KEYS[1], 'used', '1')
return {'taken', page[1]}
