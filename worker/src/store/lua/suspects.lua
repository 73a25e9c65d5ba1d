-- Every execution of the queues with what is known of its worker: who might have died.
-- ARGV: prefix, text, seconds, queues... Answers {origin, job, execution, lease, worker, beat or '', hostname,
-- pid, process, status, client}.
local found = {}
for i = 4, #ARGV do
  local entries = call('ZRANGE', P .. ':wip:' .. ARGV[i], 0, 999, 'WITHSCORES')
  for n = 1, #entries, 2 do
    local id, execution = string.match(entries[n], '^(.*):([^:]*)$')
    if id then
      local f = call('HMGET', job_key(id), 'worker_name', 'status')
      local worker = given(call('HGET', P .. ':execution:' .. entries[n], 'worker_name')) or given(f[1]) or ''
      local w = call('HMGET', worker_key(worker), 'last_heartbeat', 'hostname', 'pid', 'process', 'client')
      found[#found + 1] = { ARGV[i], id, execution, entries[n + 1], worker, w[1] or '', w[2] or '', w[3] or '', w[4] or '', f[2] or '', w[5] or '' }
    end
  end
end
return found
