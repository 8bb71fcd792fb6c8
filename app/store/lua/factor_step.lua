-- Take a code of an app, or count it as a failed try. The caller has compared it and tells nobody before this.
-- A step is taken once, and never one before. Whoever failed too often is refused, whatever they type; a step that
-- is told to be off by the clock is not taken later either, or a guess of it would be worth something.
-- KEYS 1 factors of the person  2 failed tries  3 events
-- ARGV 1 id, "" when the code is no app's  2 step that the code is of, 0 for none  3 step it is of by a clock
--      that is off, 0 for none  4 tries  5 span of them (ms)  6 event of a wrong code  7 of a used one  8 of no more tries
-- returns {ok | wrong | used | locked | gone, ms until there is a try again, or 0}
if redis.replicate_commands then redis.replicate_commands() end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local limit, span, step = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[2])
local failed, oldest, burnt = 0, now, false
for _, try in ipairs(redis.call('LRANGE', KEYS[2], 0, -1)) do
  local at, of = string.match(try, '^(%d+):(%d+)$')
  if tonumber(at) > now - span then
    failed = failed + 1
    oldest = math.min(oldest, tonumber(at))
    if step > 0 and tonumber(of) == step then burnt = true end
  end
end
if failed >= limit then return {'locked', oldest + span - now} end
if step > 0 and redis.call('HEXISTS', KEYS[1], 'doc:' .. ARGV[1]) == 0 then return {'gone', 0} end
local outcome, event = 'ok', nil
if step == 0 then
  outcome, event = 'wrong', ARGV[6]
elseif burnt or step <= tonumber(redis.call('HGET', KEYS[1], 'step:' .. ARGV[1]) or '0') then
  outcome, event = 'used', ARGV[7]
end
if outcome == 'ok' then
  redis.call('HSET', KEYS[1], 'step:' .. ARGV[1], ARGV[2], 'used:' .. ARGV[1], string.format('%.0f', now))
  return {'ok', 0}
end
redis.call('RPUSH', KEYS[2], string.format('%.0f:%s', now, ARGV[3]))
redis.call('LTRIM', KEYS[2], -limit, -1)
redis.call('PEXPIRE', KEYS[2], span)
redis.call('XADD', KEYS[3], '*', 'event', event)
if failed + 1 >= limit then redis.call('XADD', KEYS[3], '*', 'event', ARGV[8]) end
return {outcome, 0}
