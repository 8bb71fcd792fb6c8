-- Take a turn at an answer for which the vendor may ask several times: the highest number has it, and who had it is
-- looked at.
-- KEYS 1 the answer  2 gates that are due
-- ARGV 1 number, of decimal digits  2 request id (empty: there is none yet)  3 kept for (ms)
-- returns 1 when it has the turn, and else 0; the request that has it, empty while there is none
if redis.replicate_commands then redis.replicate_commands() end
local found = redis.call('HMGET', KEYS[1], 'number', 'request')
local number, request = found[1] or '', found[2] or ''
local is_newer = #number < #ARGV[1] or (#number == #ARGV[1] and number < ARGV[1])
if not is_newer and number ~= ARGV[1] then return {0, request} end
if is_newer then
  local time = redis.call('TIME')
  if request ~= '' then
    redis.call('ZADD', KEYS[2], 'XX', time[1] * 1000 + math.floor(time[2] / 1000), request)
  end
  request = ''
end
if ARGV[2] ~= '' then request = ARGV[2] end
redis.call('HSET', KEYS[1], 'number', ARGV[1], 'request', request)
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return {1, request}
