-- Sets KEYS[1] to ARGV[3] if it still is ARGV[2], or still is not set when ARGV[1] is '0'. Answers 1 when it did.
local current = redis.call('GET', KEYS[1])
if ARGV[1] == '0' then
  if current then
    return 0
  end
elseif current ~= ARGV[2] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[3])
return 1
