-- The machine that asked, which proves it by its verifier, collects who confirmed: once, and then the code is gone.
-- KEYS 1 login
-- ARGV 1 challenge of the verifier  2 wrong tries at most
-- returns {'unknown'}, {'waits'} or {'confirmed', doc, person}
local login = redis.call('HMGET', KEYS[1], 'doc', 'state', 'person')
if not login[1] then return {'unknown'} end
if cjson.decode(login[1]).challenge ~= ARGV[1] then
  if redis.call('HINCRBY', KEYS[1], 'tries', 1) >= tonumber(ARGV[2]) then redis.call('DEL', KEYS[1]) end
  return {'unknown'}
end
if login[2] ~= 'confirmed' then return {'waits'} end
redis.call('DEL', KEYS[1])
return {'confirmed', login[1], login[3]}
