-- Let a machine wait for somebody to type a code.
-- KEYS 1 login
-- ARGV 1 doc  2 waits (ms)
-- returns 1, or 0 when the code is taken
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], 'doc', ARGV[1], 'state', 'asked')
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
