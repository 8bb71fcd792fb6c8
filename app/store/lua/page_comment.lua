-- Keeps what was written on a page, as long as there is the page.
-- KEYS 1 page
-- ARGV 1 comment
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'comment', ARGV[1]) end
