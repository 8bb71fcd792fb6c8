-- Write a new request with its first event. A request that exists, or existed under this key, stays as it is.
-- KEYS 1 request  2 seen  3 requests of the person  4 pending  5 live  6 deadlines  7 events
-- ARGV 1 id  2 doc  3 event  4 created (ms)  5 index: pending, live or none  6 kept once final (s)
--      7 how long a delivery is remembered (s)  8 requests kept in the person's index
--      9 the person's newest request that was looked at, '' for none, '*' where none needed looking at
--      10... deadline member, due (ms), in pairs
-- returns {'created'|'seen'|'taken'|'overtaken', id}: overtaken, when the person has asked for more meanwhile
local before = redis.call('GET', KEYS[2])
if before then return {'seen', before} end
if redis.call('EXISTS', KEYS[1]) == 1 then return {'taken', ARGV[1]} end
if ARGV[9] ~= '*' and (redis.call('ZREVRANGE', KEYS[3], 0, 0)[1] or '') ~= ARGV[9] then
  return {'overtaken', ARGV[1]}
end

redis.call('HSET', KEYS[1], 'version', 1, 'doc', ARGV[2])
redis.call('SET', KEYS[2], ARGV[1], 'EX', ARGV[7])
redis.call('ZADD', KEYS[3], ARGV[4], ARGV[1])
redis.call('ZREMRANGEBYRANK', KEYS[3], 0, -(tonumber(ARGV[8]) + 1))
redis.call('EXPIRE', KEYS[3], ARGV[6])
if ARGV[5] == 'pending' then redis.call('ZADD', KEYS[4], ARGV[4], ARGV[1])
elseif ARGV[5] == 'live' then redis.call('ZADD', KEYS[5], ARGV[4], ARGV[1])
else redis.call('EXPIRE', KEYS[1], ARGV[6]) end
for i = 10, #ARGV, 2 do redis.call('ZADD', KEYS[6], ARGV[i + 1], ARGV[i]) end
redis.call('XADD', KEYS[7], '*', 'event', ARGV[3])
return {'created', ARGV[1]}
