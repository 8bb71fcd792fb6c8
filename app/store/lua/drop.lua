-- Forget a deadline whose request is gone or has no use for it, unless it was set anew since it was claimed.
-- KEYS 1 deadlines  2 request
-- ARGV 1 member  2 version of the request when read, or '' when there was none
-- returns 1 when it was dropped
local version = redis.call('HGET', KEYS[2], 'version') or ''
if version ~= ARGV[2] then return 0 end
return redis.call('ZREM', KEYS[1], ARGV[1])
