-- Keep a new token until it expires, and find it by its owner.
-- KEYS 1 token  2 tokens of the owner
-- ARGV 1 id  2 doc  3 expires (ms)
-- returns 1, or 0 when the id is taken
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], 'doc', ARGV[2])
redis.call('PEXPIREAT', KEYS[1], ARGV[3])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
local last = redis.call('ZREVRANGE', KEYS[2], 0, 0, 'WITHSCORES')[2]
redis.call('PEXPIREAT', KEYS[2], string.format('%.0f', tonumber(last)))
return 1
