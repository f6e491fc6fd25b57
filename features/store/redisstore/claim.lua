-- Claims due timers of a shard until the end of a lease. Answers with customer, name and value of each.
--
-- KEYS[1] is the shard's order of due timers. ARGV is: prefix, now (ms), end of the lease (ms), limit.
local base, now, lease_end, limit = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local call = redis.call
local out = {}
for _, member in ipairs(call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, limit)) do
  local hash, name = string.sub(member, 1, 32), string.sub(member, 33)
  local timers = base .. 't:' .. hash
  if call('EXISTS', base .. 'c:' .. hash) == 1 then
    local got = call('HMGET', timers, '', name)
    call('ZADD', KEYS[1], lease_end, member)
    out[#out + 1] = got[1]
    out[#out + 1] = name
    out[#out + 1] = got[2]
  else -- the customer has been idle for so long that they expired
    call('ZREM', KEYS[1], member)
    call('DEL', timers)
  end
end
return out
