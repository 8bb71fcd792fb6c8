-- Notes something on a page, as long as there is the page and nobody has taken it.
-- KEYS 1 page
-- ARGV 1 field  2 value
if redis.call('EXISTS', KEYS[1]) == 1 and redis.call('HEXISTS', KEYS[1], 'used') == 0 then
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
end
