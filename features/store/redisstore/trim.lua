-- Trims a shard's journal. Answers with the number of removed entries.
--
-- KEYS[1] is the journal. ARGV is: how many entries to keep, the last id that may be removed ('' for any).
local call = redis.call
local keep, up_to = tonumber(ARGV[1]), ARGV[2]
local excess = call('XLEN', KEYS[1]) - keep
if excess <= 0 then
  return 0
end
if up_to == '' then
  return call('XTRIM', KEYS[1], 'MAXLEN', keep)
end
-- Whole blocks go at once. Where the bound runs through a block, what is left is removed by its id.
local removed = call('XTRIM', KEYS[1], 'MINID', '~', up_to, 'LIMIT', excess)
if removed < excess then
  local rest = call('XRANGE', KEYS[1], '-', up_to, 'COUNT', excess - removed)
  if #rest > 0 then
    local ms, seq = string.match(rest[#rest][1], '^(%d+)-(%d+)$')
    removed = removed + call('XTRIM', KEYS[1], 'MINID', ms .. '-' .. string.format('%.0f', seq + 1))
  end
end
return removed
