-- Begin to send a letter that was claimed; one that was settled meanwhile leaves the queues.
-- KEYS 1 letter  2 letters that are new  3 letters to be tried again
-- ARGV 1 id
-- returns {document, tries before, put (ms)}, or nothing
local state = redis.call('HGET', KEYS[1], 'state')
if state ~= 'waiting' and state ~= 'sending' then
  redis.call('ZREM', KEYS[2], ARGV[1])
  redis.call('ZREM', KEYS[3], ARGV[1])
  return false
end
local tries = redis.call('HINCRBY', KEYS[1], 'tries', 1)
redis.call('HSET', KEYS[1], 'state', 'sending')
return {redis.call('HGET', KEYS[1], 'doc'), tries - 1, redis.call('HGET', KEYS[1], 'put')}
