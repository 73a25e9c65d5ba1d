-- Enqueues one run of a schedule, once, however many replicas ask.
-- ARGV: prefix, text, seconds, schedule name, moment, job id, queue, fields and values of the job...
local once = P .. ':cron_job:' .. ARGV[4] .. ':run:' .. ARGV[5]
if not call('SET', once, ARGV[6], 'NX', 'EX', 172800) then return 0 end
call('HSET', job_key(ARGV[6]), unpack(ARGV, 8))
enqueue(ARGV[6], ARGV[7], false)
local history = P .. ':cron_job:' .. ARGV[4] .. ':jobs'
call('ZADD', history, NOW, ARGV[6])
call('EXPIRE', history, YEAR)
call('ZADD', P .. ':cron_jobs', NOW, ARGV[4])
return 1
