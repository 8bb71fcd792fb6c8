-- Takes a wish that waits for an address: whoever is first has it, for the person whose it is.
-- KEYS 1 wish
-- ARGV 1 person  2 Slack user
-- returns 1, or 0 where there is none, it is another's, or it is used
local wish = redis.call('HMGET', KEYS[1], 'person', 'slack', 'used')
if wish[1] ~= ARGV[1] or wish[2] ~= ARGV[2] or wish[3] then return 0 end
redis.call('HSET', KEYS[1], 'used', '1')
return 1
