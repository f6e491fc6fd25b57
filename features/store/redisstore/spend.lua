-- Takes one of a limit for a token, unless it has one. Answers 1 when the token has one now.
--
-- KEYS[1] is the set of the tokens that took one. ARGV is: token, limit, until when the set is kept at least (ms).
local call = redis.call
if call('SISMEMBER', KEYS[1], ARGV[1]) == 1 then
  return 1
end
if call('SCARD', KEYS[1]) >= tonumber(ARGV[2]) then
  return 0
end
call('SADD', KEYS[1], ARGV[1])
if call('PEXPIRETIME', KEYS[1]) < tonumber(ARGV[3]) then
  call('PEXPIREAT', KEYS[1], ARGV[3])
end
return 1
