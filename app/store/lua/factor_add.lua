-- Add a second factor, unless its person has enough or has it already; with recovery codes, where they have none.
-- KEYS 1 factors of the person  2 recovery codes  3 events
-- ARGV 1 id  2 doc  3 raw id of a key, "" for an app  4 sign count  5 secret of an app  6 step
--      7 limit of all  8 limit of apps  9 event  10 codes count from (ms)  11… digests of codes
-- returns {ok | full | apps | taken, 1 when the codes were kept}
local all, apps = 0, 0
for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
  if string.sub(field, 1, 4) == 'doc:' then all = all + 1 end
  if string.sub(field, 1, 7) == 'secret:' then apps = apps + 1 end
end
local is_app = ARGV[3] == ''
if is_app and apps >= tonumber(ARGV[8]) then return {'apps', 0} end
if all >= tonumber(ARGV[7]) then return {'full', 0} end
if redis.call('HEXISTS', KEYS[1], 'doc:' .. ARGV[1]) == 1 then return {'taken', 0} end
if is_app then
  redis.call('HSET', KEYS[1], 'secret:' .. ARGV[1], ARGV[5], 'step:' .. ARGV[1], ARGV[6])
else
  if redis.call('HEXISTS', KEYS[1], 'raw:' .. ARGV[3]) == 1 then return {'taken', 0} end
  redis.call('HSET', KEYS[1], 'raw:' .. ARGV[3], ARGV[1], 'count:' .. ARGV[1], ARGV[4])
end
redis.call('HSET', KEYS[1], 'doc:' .. ARGV[1], ARGV[2])
local kept = 0
if #ARGV > 10 and redis.call('EXISTS', KEYS[2]) == 0 then
  kept = 1
  redis.call('HSET', KEYS[2], 'from', ARGV[10])
  for i = 11, #ARGV do redis.call('HSET', KEYS[2], ARGV[i], 1) end
end
redis.call('XADD', KEYS[3], '*', 'event', ARGV[9])
return {'ok', kept}
