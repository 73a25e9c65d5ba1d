-- Takes a job back from a worker that is gone.
-- ARGV: prefix, text, seconds, origin, job, execution, its worker, mode (requeue or fail), most rescues, result fields...
local origin, id, execution, worker = ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local mode, most = ARGV[8], tonumber(ARGV[9])
local member = id .. ':' .. execution
if not call('ZSCORE', P .. ':wip:' .. origin, member) then return 'gone' end
local f = read(id)
end_execution(worker, origin, id, execution)
-- Only a started job lost its worker. Anything else is an entry that outlived its job.
if f.status ~= 'started' or (given(f.worker_name) or worker) ~= worker then return 'leftover' end
call('HSET', job_key(id), 'worker_name', '')
local answer
if mode == 'requeue' and call('HINCRBY', job_key(id), 'rescues', 1) <= most then
  call('HSET', job_key(id), 'started_at', '')
  enqueue(id, origin, true, true)
  answer = 'requeued'
else
  call('HSET', job_key(id), 'ended_at', TEXT)
  if retry(id, origin, f) then
    answer = 'retried'
  else
    local result = {}
    for i = 10, #ARGV do result[#result + 1] = ARGV[i] end
    fail(id, origin, 'failed', result, f)
    enqueue_dependents(id, 'failed')
    answer = 'failed'
  end
end
release_slot(id, f.rate_limit_key)
return answer
