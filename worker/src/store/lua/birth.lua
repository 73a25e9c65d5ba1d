-- Registers a worker unless one of that name lives. ARGV: prefix, text, seconds, name, ttl, takeover (1), number of
-- queues, queues..., fields and values of the worker hash.
local key, queues = worker_key(ARGV[4]), tonumber(ARGV[7])
if ARGV[6] ~= '1' and call('EXISTS', key) == 1 and call('HEXISTS', key, 'death') == 0 then return 0 end
call('DEL', key)
call('HSET', key, unpack(ARGV, 8 + queues))
call('SADD', P .. ':workers', key)
for i = 8, 7 + queues do call('SADD', P .. ':workers:' .. ARGV[i], key) end
call('EXPIRE', key, ARGV[5])
return 1
