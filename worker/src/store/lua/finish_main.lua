-- Writes how an execution ended, if the job is still started and still ours, and claims the next one.
-- ARGV: prefix, text, seconds, worker, execution, monitoring interval, job, queue, kind, working seconds,
--       default result ttl, argument, next execution or '', number of queues, queues..., result fields...
-- kind: finished, failed, stopped, returned-retry, released. argument: for returned-retry "interval:max:front".
local worker, execution, monitoring = ARGV[4], ARGV[5], tonumber(ARGV[6])
local id, queue, kind, worked = ARGV[7], ARGV[8], ARGV[9], ARGV[10]
local next_execution, queues = ARGV[13], tonumber(ARGV[14])
local result = {}
for i = 15 + queues, #ARGV do result[#result + 1] = ARGV[i] end

local function repeat_again(f)
  local left = tonumber(f.repeats_left or '')
  if not left or left <= 0 then return false end
  local interval = 0
  if given(f.repeat_intervals) then
    local intervals = cjson.decode(f.repeat_intervals)
    interval = tonumber(intervals[1] or 0)
    if #intervals > 1 then
      table.remove(intervals, 1)
      call('HSET', job_key(id), 'repeat_intervals', cjson.encode(intervals))
    end
  end
  call('HSET', job_key(id), 'repeats_left', left - 1)
  if interval > 0 then schedule(id, queue, interval) else enqueue(id, queue, false, true) end
  return true
end

local function succeed(f)
  local ttl = tonumber(f.result_ttl or '') or tonumber(ARGV[11])
  call('HINCRBY', worker_key(worker), 'successful_job_count', 1)
  call('HSET', job_key(id), 'status', 'finished', 'ended_at', TEXT)
  if ttl ~= 0 then
    add_result(id, result, ttl)
    call('ZADD', P .. ':finished:' .. f.origin, ttl < 0 and '+inf' or NOW + ttl, id)
  end
  enqueue_dependents(id, 'finished')
  if not repeat_again(f) then expire_job(id, ttl, f.group_id) end
  return 'finished'
end

local function return_retry(f)
  local interval, max, front = string.match(ARGV[12], '^(%d+):(%d+):(%d)$')
  local count = tonumber(f.number_of_retries or '') or 0
  if count >= tonumber(max) and count > 0 then
    result[2] = '5'
    fail(id, f.origin, 'failed', result, f)
    enqueue_dependents(id, 'failed')
    return 'failed'
  end
  call('HSET', job_key(id), 'number_of_retries', count + 1, 'ended_at', TEXT)
  if front == '1' then call('HSET', job_key(id), 'enqueue_at_front_on_retry', 1) end
  add_result(id, result, tonumber(f.failure_ttl or ''))
  if tonumber(interval) > 0 then
    schedule(id, queue, tonumber(interval))
  else
    enqueue(id, queue, front == '1' or f.enqueue_at_front_on_retry == '1', true)
  end
  return 'retried'
end

local function end_badly(f)
  if kind == 'failed' then
    call('HSET', job_key(id), 'ended_at', TEXT)
    if retry(id, queue, f) then return 'retried' end
  end
  fail(id, f.origin, kind, result, f)
  enqueue_dependents(id, kind)
  return kind
end

-- Unharmed: as if it had never left the head of its queue.
local function put_back()
  call('HSET', job_key(id), 'status', 'queued', 'started_at', '', 'worker_name', '')
  call('LPUSH', queue_key(queue), id)
  return 'released'
end

local f = read(id)
f.origin = given(f.origin) or queue
local answer
if f.worker_name == worker and (f.status == 'started' or f.status == 'canceled') then
  end_execution(worker, f.origin, id, execution)
  if kind == 'finished' then
    answer = succeed(f)
  elseif kind == 'released' then
    answer = put_back()
  else
    call('HINCRBY', worker_key(worker), 'failed_job_count', 1)
    answer = kind == 'returned-retry' and return_retry(f) or end_badly(f)
  end
  if kind ~= 'released' then call('HINCRBYFLOAT', worker_key(worker), 'total_working_time', worked) end
  release_slot(id, f.rate_limit_key)
else
  -- Someone else decided what becomes of the job, or an earlier call was written and its answer lost.
  end_execution(worker, f.origin, id, execution)
  answer = 'lost:' .. (f.status or 'deleted')
end

local own = worker_key(worker)
call('HDEL', own, 'current_job', 'current_job_working_time')
local following = { 'none' }
if next_execution ~= '' then following = claim(worker, next_execution, monitoring, 15, 14 + queues) end
if following[1] == 'none' then call('HSET', own, 'state', 'idle') end
if following[1] ~= 'job' then call('EXPIRE', own, 480) end
return { answer, following }
