-- RQ's registry upkeep for the queues whose maintenance lock is free, and jobs that were popped but never started.
-- ARGV: prefix, text, seconds, patience with an intermediate entry, queues... Answers with the jobs it put back.
local patience, back = tonumber(ARGV[4]), {}
for i = 5, #ARGV do
  local queue = ARGV[i]
  local lock = P .. ':clean_registries:' .. queue
  if call('SET', lock, 1, 'NX', 'EX', 899) then
    call('ZREMRANGEBYSCORE', P .. ':finished:' .. queue, 0, NOW)
    call('ZREMRANGEBYSCORE', P .. ':failed:' .. queue, 0, NOW)
    local members = P .. ':workers:' .. queue
    for _, key in ipairs(call('SMEMBERS', members)) do
      if call('EXISTS', key) == 0 then
        call('SREM', members, key)
        call('SREM', P .. ':workers', key)
      end
    end
    local between, started = queue_key(queue) .. ':intermediate', nil
    for _, id in ipairs(call('LRANGE', between, 0, 999)) do
      if not started then
        started = {}
        for _, member in ipairs(call('ZRANGE', P .. ':wip:' .. queue, 0, -1)) do
          started[string.match(member, '^(.*):[^:]*$') or member] = true
        end
      end
      if call('EXISTS', job_key(id)) == 0 then
        call('LREM', between, 1, id)
      elseif not started[id] then
        local seen = between .. ':first_seen:' .. id
        if not call('SET', seen, SECONDS, 'NX', 'EX', 86400) and NOW - tonumber(call('GET', seen) or NOW) > patience then
          call('LREM', between, 1, id)
          call('DEL', seen)
          -- It never ran, so running it is safe. Only a job that still waits is put back.
          if call('HGET', job_key(id), 'status') == 'queued' then
            call('LPUSH', queue_key(queue), id)
            back[#back + 1] = id
          end
        end
      end
    end
    -- 3.0 parks dependents here between two steps; one that stayed lost its second step.
    for _, id in ipairs(call('ZRANGEBYSCORE', P .. ':ready:' .. queue, 0, NOW - 60, 'LIMIT', 0, 1000)) do
      call('ZREM', P .. ':ready:' .. queue, id)
      if call('HGET', job_key(id), 'status') == 'ready_to_enqueue' then
        enqueue(id, queue, call('HGET', job_key(id), 'enqueue_at_front') == '1')
      end
    end
    call('DEL', lock)
  end
end
if call('SET', P .. ':clean_groups', 1, 'NX', 'EX', 599) then
  for _, group in ipairs(call('SMEMBERS', P .. ':groups')) do
    local members = P .. ':group:' .. group
    for _, id in ipairs(call('SMEMBERS', members)) do
      if call('EXISTS', job_key(id)) == 0 then call('SREM', members, id) end
    end
    if call('EXISTS', members) == 0 then call('SREM', P .. ':groups', group) end
  end
end
for _, key in ipairs(call('SMEMBERS', P .. ':rl-keys')) do
  local allowed = P .. ':rl:' .. key .. ':allowed'
  for _, id in ipairs(call('ZRANGE', allowed, 0, -1)) do
    local status = call('HGET', job_key(id), 'status')
    local live = call('ZCOUNT', P .. ':executions:' .. id, '(' .. NOW, '+inf') > 0
    if status ~= 'queued' and status ~= 'started' and not live then call('ZREM', allowed, id) end
  end
  local concurrency = tonumber(call('HGET', P .. ':rl:' .. key, 'concurrency') or '0')
  if concurrency and concurrency > 0 then fill_slots(key, concurrency) end
  if call('ZCARD', allowed) == 0 and call('ZCARD', P .. ':rl:' .. key .. ':rate_limited') == 0 then
    call('SREM', P .. ':rl-keys', key)
    call('DEL', P .. ':rl:' .. key)
  end
end
return back
