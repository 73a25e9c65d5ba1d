-- Renews the lease of every slot of one process.
-- ARGV: prefix, text, seconds, monitoring interval, idle ttl, then for each slot: worker, job or '', execution, origin,
--       seconds worked, timeout. Answers with what was lost: 'worker:<name>' when its hash is gone, 'job:<id>' when
--       the job is not ours any more.
local monitoring, idle = tonumber(ARGV[4]), tonumber(ARGV[5])
local lost = {}
for i = 6, #ARGV, 6 do
  local worker, id, execution, origin = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local worked, timeout = tonumber(ARGV[i + 4]), tonumber(ARGV[i + 5])
  local own = worker_key(worker)
  if call('HEXISTS', own, 'birth') == 0 then lost[#lost + 1] = 'worker:' .. worker end
  call('HSET', own, 'last_heartbeat', TEXT)
  if id == '' then
    call('EXPIRE', own, idle)
  else
    local ttl = (timeout > 0 and math.floor(math.max(0, math.min(timeout - worked, monitoring))) or monitoring) + 60
    local member = id .. ':' .. execution
    local f = call('HMGET', job_key(id), 'status', 'worker_name')
    call('EXPIRE', own, ttl)
    if f[2] == worker and (f[1] == 'started' or f[1] == 'canceled') then
      call('HSET', own, 'state', 'busy', 'current_job', id, 'current_job_working_time', worked)
      call('HSET', P .. ':execution:' .. member, 'id', execution, 'job_id', id, 'worker_name', worker, 'last_heartbeat', SECONDS)
      call('HSETNX', P .. ':execution:' .. member, 'created_at', SECONDS)
      call('EXPIRE', P .. ':execution:' .. member, ttl)
      call('HSET', job_key(id), 'last_heartbeat', TEXT)
      -- A canceled job has left these on purpose; a started one whose entry went missing is repaired.
      if f[1] == 'started' then
        call('ZADD', P .. ':wip:' .. origin, NOW + ttl, member)
        call('ZADD', P .. ':executions:' .. id, NOW + ttl + 60, execution)
        call('EXPIRE', P .. ':executions:' .. id, ttl + 60)
      end
      call('SADD', own .. ':executions', member)
      call('EXPIRE', own .. ':executions', ttl + 60)
    else
      lost[#lost + 1] = 'job:' .. id
    end
  end
end
return lost
