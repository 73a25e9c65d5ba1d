-- Says goodbye. ARGV: prefix, text, seconds, name, queues...
local key = worker_key(ARGV[4])
call('SREM', P .. ':workers', key)
for i = 5, #ARGV do call('SREM', P .. ':workers:' .. ARGV[i], key) end
call('HSET', key, 'death', TEXT)
call('EXPIRE', key, 60)
call('DEL', key .. ':executions')
return 1
