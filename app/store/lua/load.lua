-- Read a request together with the server's clock.
-- KEYS 1 request
-- returns {doc or false, seconds, microseconds}
local time = redis.call('TIME')
return {redis.call('HGET', KEYS[1], 'doc'), time[1], time[2]}
