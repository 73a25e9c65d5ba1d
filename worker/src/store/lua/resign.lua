-- Gives up the scheduler's locks. ARGV: prefix, text, seconds, scheduler name, queues...
for i = 5, #ARGV do
  local lock = P .. ':scheduler-lock:' .. ARGV[i]
  if call('GET', lock) == ARGV[4] then call('DEL', lock) end
end
call('DEL', P .. ':scheduler:' .. ARGV[4])
return 1
