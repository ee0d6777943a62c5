-- Gives attempts back and sets marks.
--
-- ARGV[1] is for how many milliseconds marks are set; the rest are the steps, in microseconds, of the buckets that get an attempt
-- back. KEYS are those buckets, then the marks.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local buckets = #ARGV - 1

for i = 1, buckets do
  local full = tonumber(redis.call('GET', KEYS[i]) or now) or now
  full = full - tonumber(ARGV[i + 1])
  if full > now then
    redis.call('SET', KEYS[i], string.format('%.0f', full), 'PX', string.format('%.0f', math.ceil((full - now) / 1000)))
  else
    redis.call('DEL', KEYS[i])
  end
end
for i = buckets + 1, #KEYS do
  redis.call('SET', KEYS[i], '1', 'PX', ARGV[1])
end
return 0
