-- Take the token that a CI signed for a job, and keep the one of the API that the job gets for it: both or neither.
-- KEYS 1 the CI's token, by its digest  2 token  3 tokens of the owner
-- ARGV 1 id  2 doc  3 expires (ms)  4 how long the CI's token is remembered (ms)
-- returns 'made', also where this very call was made before; 'used' where the CI's was taken for another token;
--   'taken' when the id is, and then the CI's is not used up
local before = redis.call('GET', KEYS[1])
if before then return before == ARGV[1] and 'made' or 'used' end
if redis.call('EXISTS', KEYS[2]) == 1 then return 'taken' end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[4])
redis.call('HSET', KEYS[2], 'doc', ARGV[2])
redis.call('PEXPIREAT', KEYS[2], ARGV[3])
redis.call('ZADD', KEYS[3], ARGV[3], ARGV[1])
local last = redis.call('ZREVRANGE', KEYS[3], 0, 0, 'WITHSCORES')[2]
redis.call('PEXPIREAT', KEYS[3], string.format('%.0f', tonumber(last)))
return 'made'
