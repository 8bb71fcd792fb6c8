-- Write a new request with its first event. A request that exists, or existed under this key, stays as it is.
-- KEYS 1 request  2 seen  3 requests of the person  4 pending  5 live  6 deadlines  7 events
-- ARGV 1 id  2 doc  3 event  4 created (ms)  5 index: pending, live or none  6 kept once final (s)
--      7 how long a delivery is remembered (s)  8 requests kept in the person's index, beside those not final
--      9 how long that is kept after the last (s)
--      10 the person's newest request that was looked at, '' for none, '*' where none needed looking at
--      11... deadline member, due (ms), in pairs
-- returns {'created'|'seen'|'taken'|'overtaken', id}: overtaken, when the person has asked for more meanwhile
local before = redis.call('GET', KEYS[2])
if before then return {'seen', before} end
if redis.call('EXISTS', KEYS[1]) == 1 then return {'taken', ARGV[1]} end
if ARGV[10] ~= '*' and (redis.call('ZREVRANGE', KEYS[3], 0, 0)[1] or '') ~= ARGV[10] then
  return {'overtaken', ARGV[1]}
end

redis.call('HSET', KEYS[1], 'version', 1, 'doc', ARGV[2])
redis.call('SET', KEYS[2], ARGV[1], 'EX', ARGV[7])
redis.call('ZADD', KEYS[3], ARGV[4], ARGV[1])
for _, old in ipairs(redis.call('ZRANGE', KEYS[3], 0, -(tonumber(ARGV[8]) + 1))) do
  if not (redis.call('ZSCORE', KEYS[4], old) or redis.call('ZSCORE', KEYS[5], old)) then
    redis.call('ZREM', KEYS[3], old)
  end
end
redis.call('EXPIRE', KEYS[3], ARGV[9])
if ARGV[5] == 'pending' then redis.call('ZADD', KEYS[4], ARGV[4], ARGV[1])
elseif ARGV[5] == 'live' then redis.call('ZADD', KEYS[5], ARGV[4], ARGV[1])
else redis.call('EXPIRE', KEYS[1], ARGV[6]) end
for i = 11, #ARGV, 2 do redis.call('ZADD', KEYS[6], ARGV[i + 1], ARGV[i]) end
redis.call('XADD', KEYS[7], '*', 'event', ARGV[3])
return {'created', ARGV[1]}
