-- Note that a policy is in force from now on, unless it is noted already.
-- KEYS 1 policy
-- ARGV 1 digest
-- returns since (s), and the digest by which requests were last judged
if redis.replicate_commands then redis.replicate_commands() end
local noted = redis.call('HMGET', KEYS[1], 'digest', 'since', 'judged')
if noted[1] == ARGV[1] then return {noted[2], noted[3]} end
local now = redis.call('TIME')[1]
-- Before the first policy there was nothing that could have to be judged anew.
local judged = noted[3] or ARGV[1]
redis.call('HSET', KEYS[1], 'digest', ARGV[1], 'since', now, 'judged', judged)
return {now, judged}
