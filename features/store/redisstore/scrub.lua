-- Removes a customer's entries from one page of a shard's journal. Answers with the last id looked at ('' at the end of the
-- journal) and the number of removed entries.
--
-- KEYS[1] is the journal. ARGV is: where the page starts, how many entries it has, the customer's id, the last version.
local page = redis.call('XRANGE', KEYS[1], ARGV[1], '+', 'COUNT', ARGV[2])
local removed = 0
for _, entry in ipairs(page) do
  if entry[2][2] == ARGV[3] and tonumber(entry[2][4]) <= tonumber(ARGV[4]) then
    removed = removed + redis.call('XDEL', KEYS[1], entry[1])
  end
end
return {#page > 0 and page[#page][1] or '', removed}
