-- A gate is settled: nobody looks at it again, whatever is still said of its request.
-- KEYS 1 gate  2 gates that are due  3 what fails
-- ARGV 1 request id  2 state  3 kept for (ms)
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
redis.call('HSET', KEYS[1], 'state', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
