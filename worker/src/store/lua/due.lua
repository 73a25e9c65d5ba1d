-- Moves scheduled jobs whose time has come to their queues, for the queues whose scheduler lock is ours.
-- ARGV: prefix, text, seconds, scheduler name, lock ttl, hostname, pid, created_at, beat (1 renews), queues...
-- Answers {number of locks held, number of jobs moved, latest lateness in seconds}.
local name, ttl = ARGV[4], tonumber(ARGV[5])
local held, moved, late = 0, 0, 0
local names = {}
for i = 10, #ARGV do
  local queue = ARGV[i]
  names[#names + 1] = queue
  local lock = P .. ':scheduler-lock:' .. queue
  local owner = call('GET', lock)
  if not owner then
    call('SET', lock, name, 'EX', ttl)
    owner = name
  elseif owner == name and ARGV[9] == '1' then
    call('EXPIRE', lock, ttl)
  end
  if owner == name then
    held = held + 1
    local registry = P .. ':scheduled:' .. queue
    local due = call('ZRANGEBYSCORE', registry, 0, NOW, 'WITHSCORES', 'LIMIT', 0, 500)
    for n = 1, #due, 2 do
      local id = due[n]
      call('ZREM', registry, id)
      local f = call('HMGET', job_key(id), 'data', 'enqueue_at_front', 'enqueue_at_front_on_retry', 'ended_at')
      if f[1] then
        enqueue(id, queue, f[2] == '1' or (f[3] == '1' and given(f[4]) ~= nil))
        moved = moved + 1
        late = math.max(late, NOW - tonumber(due[n + 1]))
      end
    end
  end
end
if held > 0 and ARGV[9] == '1' then
  local key = P .. ':scheduler:' .. name
  call('HSET', key, 'name', name, 'hostname', ARGV[6], 'pid', ARGV[7], 'queues', table.concat(names, ','),
    'created_at', ARGV[8], 'last_heartbeat', TEXT)
  call('EXPIRE', key, ttl)
end
return { held, moved, late }
