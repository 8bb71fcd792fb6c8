-- One transition: compare the version read, write the request, set or delete the grant, move the deadlines
-- and the indexes, append the event. All of it or nothing.
-- KEYS 1 request  2 grant  3 pending  4 live  5 deadlines  6 events  7 held: grants by what they permit  8 beat
-- ARGV 1 id  2 version read  3 doc  4 event  5 created (ms)  6 index: pending, live or none
--      7 kept once final (s)  8 grant: set, keep, show (keep what must be there), delete, use (delete what must be
--      there), or silence (delete where no heartbeat is left)  9 grant's value  10 grant's end (ms)
--      11 server's clock when read (ms)  12 longest time between reading and writing (ms)
--      13 grant's member in held
--      14 by when the first heartbeat has to come (ms), 0 where none is to begin
--      15 number of deadline kinds, then those members, then deadline member, due (ms), in pairs
-- returns 'saved', 'changed' (read again) or 'gone'
if redis.replicate_commands then redis.replicate_commands() end
local version = redis.call('HGET', KEYS[1], 'version')
if not version then return 'gone' end
if version ~= ARGV[2] then return 'changed' end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if now - tonumber(ARGV[11]) > tonumber(ARGV[12]) then return 'changed' end
if ARGV[8] == 'set' and tonumber(ARGV[10]) <= now then return 'changed' end
if ARGV[8] == 'silence' and redis.call('EXISTS', KEYS[8]) == 1 then return 'changed' end
if (ARGV[8] == 'use' or ARGV[8] == 'show') and redis.call('EXISTS', KEYS[2]) == 0 then return 'changed' end

redis.call('HSET', KEYS[1], 'version', tonumber(version) + 1, 'doc', ARGV[3])
if ARGV[8] == 'set' then
  redis.call('SET', KEYS[2], ARGV[9], 'PXAT', ARGV[10])
  redis.call('ZADD', KEYS[7], ARGV[10], ARGV[13])
  if tonumber(ARGV[14]) > 0 then redis.call('SET', KEYS[8], '1', 'PX', ARGV[14]) end
elseif ARGV[8] ~= 'keep' and ARGV[8] ~= 'show' then
  redis.call('DEL', KEYS[2])
  redis.call('DEL', KEYS[8])
  redis.call('ZREM', KEYS[7], ARGV[13])
end
-- the key ends with the last of its grants, also when another one was ended early: that it is there is enough to
-- know that the last one is live, without a clock
local last = redis.call('ZREVRANGE', KEYS[7], 0, 0, 'WITHSCORES')[2]
if last then redis.call('PEXPIREAT', KEYS[7], string.format('%.0f', tonumber(last))) end

redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('ZREM', KEYS[4], ARGV[1])
if ARGV[6] == 'pending' then redis.call('ZADD', KEYS[3], ARGV[5], ARGV[1])
elseif ARGV[6] == 'live' then redis.call('ZADD', KEYS[4], ARGV[5], ARGV[1])
else redis.call('EXPIRE', KEYS[1], ARGV[7]) end

local first = 16 + tonumber(ARGV[15])
for i = 16, first - 1 do redis.call('ZREM', KEYS[5], ARGV[i]) end
for i = first, #ARGV, 2 do redis.call('ZADD', KEYS[5], ARGV[i + 1], ARGV[i]) end
redis.call('XADD', KEYS[6], '*', 'event', ARGV[4])
return 'saved'
