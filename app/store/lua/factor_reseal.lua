-- Put a secret that is encrypted anew in the place of what was read, if that is still there.
-- KEYS 1 factors of the person
-- ARGV 1 id  2 as read  3 anew
-- returns 1 when it was put there
if redis.call('HGET', KEYS[1], 'secret:' .. ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'secret:' .. ARGV[1], ARGV[3])
return 1
