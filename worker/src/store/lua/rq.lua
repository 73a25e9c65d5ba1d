-- What every script shares: RQ's keys, and the steps that more than one script takes.
-- ARGV[1] is the key prefix, ARGV[2] the moment as RQ's text, ARGV[3] the same moment in seconds with a fraction.
local P, TEXT, SECONDS = ARGV[1], ARGV[2], ARGV[3]
local NOW = math.floor(tonumber(SECONDS))
local YEAR = 31536000
local DEFAULT_TIMEOUT = 180

local call = redis.call

local function job_key(id) return P .. ':job:' .. id end
local function queue_key(name) return P .. ':queue:' .. name end
local function worker_key(name) return P .. ':worker:' .. name end
local function integer(text) return string.format('%.0f', text) end

-- A field that RQ leaves out or writes as '' alike.
local function given(value) return value and value ~= '' and value or nil end

-- Rate limits: waiting jobs move into free slots, oldest first.
local function fill_slots(key, concurrency)
  local allowed, waiting = P .. ':rl:' .. key .. ':allowed', P .. ':rl:' .. key .. ':rate_limited'
  while call('ZCARD', allowed) < concurrency do
    local popped = call('ZPOPMIN', waiting)
    if #popped == 0 then break end
    local id = popped[1]
    local fields = call('HMGET', job_key(id), 'origin', 'status', 'enqueue_at_front')
    if fields[1] and fields[2] == 'rate_limited' then
      call('ZADD', allowed, NOW, id)
      call(fields[3] == '1' and 'LPUSH' or 'RPUSH', queue_key(fields[1]), id)
      call('HSET', job_key(id), 'status', 'queued', 'enqueued_at', TEXT)
    end
  end
end

local function release_slot(id, rate_key)
  if not given(rate_key) then return end
  local status = call('HGET', job_key(id), 'status')
  if status == 'queued' or status == 'started' then return end
  call('ZREM', P .. ':rl:' .. rate_key .. ':allowed', id)
  local concurrency = tonumber(call('HGET', P .. ':rl:' .. rate_key, 'concurrency') or '0')
  if concurrency and concurrency > 0 then fill_slots(rate_key, concurrency) end
end

-- What Queue.enqueue does to a job that already has its hash. A retry keeps its rate-limit slot, so it passes `direct`.
local function enqueue(id, queue, front, direct)
  local key = job_key(id)
  local f = call('HMGET', key, 'ttl', 'timeout', 'rate_limit_key', 'rate_limit_concurrency')
  call('SADD', P .. ':queues', queue_key(queue))
  if not given(f[2]) then call('HSET', key, 'timeout', DEFAULT_TIMEOUT) end
  local ttl = tonumber(f[1] or '')
  if ttl and ttl > 0 then
    call('EXPIRE', key, ttl)
    call('EXPIRE', key .. ':dependents', ttl)
    call('EXPIRE', P .. ':job::' .. id .. ':dependencies', ttl)
  end
  if given(f[3]) and given(f[4]) and not direct then
    call('SADD', P .. ':rl-keys', f[3])
    call('HSET', P .. ':rl:' .. f[3], 'concurrency', f[4])
    call('HSET', key, 'status', 'rate_limited', 'origin', queue)
    if front then call('HSET', key, 'enqueue_at_front', 1) end
    call('ZADD', P .. ':rl:' .. f[3] .. ':rate_limited', NOW, id)
    fill_slots(f[3], tonumber(f[4]))
    return
  end
  call('HSET', key, 'status', 'queued', 'enqueued_at', TEXT, 'origin', queue)
  call(front and 'LPUSH' or 'RPUSH', queue_key(queue), id)
end

local function schedule(id, queue, interval)
  call('SADD', P .. ':queues', queue_key(queue))
  call('HSET', job_key(id), 'status', 'scheduled', 'origin', queue)
  call('ZADD', P .. ':scheduled:' .. queue, NOW + interval, id)
end

-- Jobs that waited for this one: queued when everything they wait for is done. The form 2.x writes; 3.0 reads it too.
local function enqueue_dependents(id, status)
  local waiting = job_key(id) .. ':dependents'
  for _, dependent in ipairs(call('SMEMBERS', waiting)) do
    local f = call('HMGET', job_key(dependent), 'status', 'origin', 'allow_dependency_failures', 'enqueue_at_front')
    local tolerant = f[3] == '1'
    local met = f[1] and f[1] ~= 'canceled' and (status == 'finished' or (status == 'failed' and tolerant))
    if met then
      for _, other in ipairs(call('SMEMBERS', P .. ':job::' .. dependent .. ':dependencies')) do
        local s = other ~= id and call('HGET', job_key(other), 'status') or nil
        if s and s ~= 'finished' and not (tolerant and s == 'failed') then met = false end
      end
    end
    if met then
      call('ZREM', P .. ':deferred:' .. (f[2] or ''), dependent)
      call('SREM', waiting, dependent)
      enqueue(dependent, f[2] or '', f[4] == '1')
    end
  end
end

local function end_execution(worker, origin, id, execution)
  local member = id .. ':' .. execution
  call('DEL', P .. ':execution:' .. member)
  call('ZREM', P .. ':wip:' .. origin, member)
  call('ZREM', P .. ':executions:' .. id, execution)
  if worker ~= '' then call('SREM', worker_key(worker) .. ':executions', member) end
end

local function delete_job(id, group)
  call('DEL', job_key(id), job_key(id) .. ':dependents', P .. ':job::' .. id .. ':dependencies',
    P .. ':results:' .. id, P .. ':executions:' .. id)
  if given(group) then call('SREM', P .. ':group:' .. group, id) end
end

-- How long a job that has ended stays: 0 removes it, a negative number keeps it.
local function expire_job(id, ttl, group)
  if ttl == 0 then
    delete_job(id, group)
  elseif ttl > 0 then
    call('EXPIRE', job_key(id), ttl)
    call('EXPIRE', job_key(id) .. ':dependents', ttl)
    call('EXPIRE', P .. ':job::' .. id .. ':dependencies', ttl)
  end
end

-- `fields` is the flat list of an entry of RQ's result stream.
local function add_result(id, fields, ttl)
  local key = P .. ':results:' .. id
  call('XADD', key, 'MAXLEN', '~', 10, '*', unpack(fields))
  if ttl == -1 then call('PERSIST', key) elseif ttl and ttl >= 0 then call('EXPIRE', key, ttl) end
end

-- Retries left: one fewer, and back to the queue or the schedule. False when there are none.
local function retry(id, queue, f)
  local left = tonumber(f.retries_left or '')
  if not left or left <= 0 then return false end
  local interval = 0
  if given(f.retry_intervals) then
    local intervals = cjson.decode(f.retry_intervals)
    interval = tonumber(intervals[math.max(#intervals - left, 0) + 1] or 0)
  end
  call('HSET', job_key(id), 'retries_left', left - 1)
  if interval > 0 then
    schedule(id, queue, interval)
  else
    enqueue(id, queue, f.enqueue_at_front_on_retry == '1', true)
  end
  return true
end

local function fail(id, origin, status, result, f)
  local own = tonumber(f.failure_ttl or '')
  local ttl = own or YEAR
  call('HSET', job_key(id), 'status', status, 'ended_at', TEXT)
  expire_job(id, ttl, f.group_id)
  call('ZADD', P .. ':failed:' .. origin, ttl < 0 and ttl or NOW + ttl, id)
  add_result(id, result, own)
end

local FIELDS = { 'status', 'worker_name', 'origin', 'retries_left', 'retry_intervals', 'enqueue_at_front_on_retry',
  'failure_ttl', 'result_ttl', 'repeats_left', 'repeat_intervals', 'number_of_retries', 'rate_limit_key', 'group_id' }

local function read(id)
  local values, f = call('HMGET', job_key(id), unpack(FIELDS)), {}
  for i, name in ipairs(FIELDS) do f[name] = values[i] or nil end
  return f
end
