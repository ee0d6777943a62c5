-- Takes an attempt from each bucket, or from none (the generic cell rate algorithm, as in core/src/shared/quota.rs).
--
-- For each bucket ARGV holds its window and its step in microseconds and how many keys it has: 1, the bucket; 2, the bucket and a
-- mark, under which nothing counts; 3, the bucket, the mark, and the bucket that counts under it.
-- A bucket holds when it will be full again, in microseconds of this server's clock: clocks of replicas differ.
--
-- Answers, for each bucket up to the first that refuses, in how many microseconds it would be full again with one attempt more, and
-- which of its keys has counted: 0 for none.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local answers, writes, at = {}, {}, 0

for i = 1, #ARGV, 3 do
  local window, step, keys = tonumber(ARGV[i]), tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])
  local which = 1
  if keys > 1 and redis.call('EXISTS', KEYS[at + 2]) == 1 then
    which = keys == 3 and 3 or 0
  end
  local used = 0
  if which > 0 then
    local bucket = KEYS[at + which]
    local full = tonumber(redis.call('GET', bucket) or now) or now
    full = math.max(math.min(full, now + window), now)
    used = full + step - now
    writes[#writes + 1] = { bucket, string.format('%.0f', full + step), string.format('%.0f', math.ceil(used / 1000)) }
  end
  answers[#answers + 1] = used
  answers[#answers + 1] = which
  if used > window then
    return answers
  end
  at = at + keys
end

for _, write in ipairs(writes) do
  redis.call('SET', write[1], write[2], 'PX', write[3])
end
return answers
