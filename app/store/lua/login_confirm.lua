-- Somebody confirms a code, once.
-- KEYS 1 login
-- ARGV 1 person
-- returns 1, or 0 when the code does not wait for it
if redis.call('HGET', KEYS[1], 'state') ~= 'asked' then return 0 end
redis.call('HSET', KEYS[1], 'state', 'confirmed', 'person', ARGV[1])
return 1
