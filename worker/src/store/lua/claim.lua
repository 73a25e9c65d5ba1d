-- Takes the next job of the first queue that has one and marks it started, in one step: a worker that dies before
-- this leaves the job in the queue, one that dies after it leaves a started job that a rescue finds.
-- A claim whose answer was lost is found again by the worker's own set of executions.
local function first_claim(worker)
  for _, member in ipairs(call('SMEMBERS', worker_key(worker) .. ':executions')) do
    local id, execution = string.match(member, '^(.*):(%x+)$')
    local hash = id and call('HGETALL', job_key(id)) or {}
    local f = id and call('HMGET', job_key(id), 'status', 'worker_name', 'origin') or {}
    if #hash > 0 and f[1] == 'started' and f[2] == worker then return { 'job', f[3] or '', id, execution, hash } end
    if id then
      end_execution(worker, f[3] or '', id, execution)
    else
      call('SREM', worker_key(worker) .. ':executions', member)
    end
  end
end

local function start(worker, execution, queue, id, hash, monitoring)
  local key, member = job_key(id), id .. ':' .. execution
  local f = call('HMGET', key, 'timeout', 'origin')
  local timeout = tonumber(f[1] or '') or DEFAULT_TIMEOUT
  local ttl = (timeout > 0 and math.floor(math.min(timeout, monitoring)) or monitoring) + 60
  call('HSET', P .. ':execution:' .. member, 'id', execution, 'job_id', id, 'created_at', SECONDS,
    'last_heartbeat', SECONDS, 'worker_name', worker)
  call('EXPIRE', P .. ':execution:' .. member, ttl)
  call('ZADD', P .. ':executions:' .. id, NOW + ttl + 60, execution)
  call('EXPIRE', P .. ':executions:' .. id, ttl + 60)
  call('ZADD', P .. ':wip:' .. (given(f[2]) or queue), NOW + ttl, member)
  local own = worker_key(worker)
  call('SADD', own .. ':executions', member)
  call('EXPIRE', own .. ':executions', ttl + 60)
  call('HSET', own, 'state', 'busy', 'current_job', id, 'current_job_working_time', 0, 'last_heartbeat', TEXT)
  call('EXPIRE', own, ttl)
  call('HSET', key, 'last_heartbeat', TEXT, 'status', 'started', 'started_at', TEXT, 'worker_name', worker)
  call('PERSIST', key)
  return { 'job', queue, id, execution, hash }
end

local function claim(worker, execution, monitoring, first, last)
  local again = first_claim(worker)
  if again then return again end
  if call('EXISTS', P .. ':suspended') == 1 then
    call('HSET', worker_key(worker), 'state', 'suspended')
    return { 'suspended' }
  end
  for i = first, last do
    while true do
      local id = call('LPOP', queue_key(ARGV[i]))
      if not id then break end
      local hash = call('HGETALL', job_key(id))
      -- A job that expired or was deleted while it waited is passed over, as RQ does.
      if #hash > 0 and call('HEXISTS', job_key(id), 'data') == 1 then
        return start(worker, execution, ARGV[i], id, hash, monitoring)
      end
    end
  end
  call('HSET', worker_key(worker), 'state', 'idle')
  return { 'empty' }
end
