-- Look at a gate that waits for its answer soon: something happened to its request.
-- KEYS 1 gate  2 gates that are due
-- ARGV 1 request id  2 whether it is new: 1 or 0
-- returns 1 when it waits
if redis.replicate_commands then redis.replicate_commands() end
local state = redis.call('HGET', KEYS[1], 'state')
if not state and ARGV[2] == '1' then
  state = 'waiting'
  redis.call('HSET', KEYS[1], 'state', state)
end
if state ~= 'waiting' then return 0 end
local time = redis.call('TIME')
redis.call('ZADD', KEYS[2], time[1] * 1000 + math.floor(time[2] / 1000), ARGV[1])
return 1
