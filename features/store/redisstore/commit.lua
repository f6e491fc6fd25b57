-- Commits changes of one shard, each of them wholly or not at all, in order. Answers with one character a change: 1 done, 0 conflict.
--
-- KEYS[1] is the shard's journal. The other keys are made here, from the shard's prefix; the hash tag in it keeps all of them in
-- one slot. ARGV is: prefix, now (ms), time to live of links (ms), and then a list of steps. A 'c' step begins a change and
-- compares versions; after a conflict the other steps of the change are passed over.
local journal, base, now, link_ttl = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local due = base .. 'due'
local call = redis.call
local outcomes = {}
local applies, hash, id, version
local first -- the id of the first entry of the change; not set when it has none

local function cancel(name)
  local timers = base .. 't:' .. hash
  call('ZREM', due, hash .. name)
  call('HDEL', timers, name)
  if call('HLEN', timers) <= 1 then -- the id alone is left
    call('DEL', timers)
  end
end

local function erase()
  local timers, links = base .. 't:' .. hash, base .. 'k:' .. hash
  for _, name in ipairs(call('HKEYS', timers)) do
    call('ZREM', due, hash .. name)
  end
  for _, link in ipairs(call('ZRANGE', links, 0, -1)) do
    call('DEL', base .. 'l:' .. link)
  end
  call('DEL', timers, links)
end

local function link(name)
  local links = base .. 'k:' .. hash
  local value = first and '\0' .. first .. '\0' .. id or id
  call('SET', base .. 'l:' .. name, value, 'PX', link_ttl)
  call('ZREMRANGEBYSCORE', links, '-inf', now)
  call('ZADD', links, now + link_ttl, name)
  call('PEXPIRE', links, link_ttl)
end

local i, last = 4, #ARGV
while i <= last do
  local step = ARGV[i]
  if step == 'c' then -- hash, id, expected head, cell, new version, time to live (0: none)
    local key, ttl = base .. 'c:' .. ARGV[i + 1], ARGV[i + 6]
    hash, id, version, first = ARGV[i + 1], ARGV[i + 2], ARGV[i + 5], nil
    applies = call('GETRANGE', key, 0, 7) == ARGV[i + 3]
    outcomes[#outcomes + 1] = applies and '1' or '0'
    if applies then
      if ttl == '0' then
        call('SET', key, ARGV[i + 4])
      else
        call('SET', key, ARGV[i + 4], 'PX', ttl)
      end
    end
    i = i + 7
  elseif step == 'j' then -- kind, data
    if applies then
      local entry = call('XADD', journal, '*', 'c', id, 'v', version, 'k', ARGV[i + 1], 'd', ARGV[i + 2])
      first = first or entry
    end
    i = i + 3
  elseif step == 't' then -- timer: name, due (ms), value
    if applies then
      call('HSET', base .. 't:' .. hash, '', id, ARGV[i + 1], ARGV[i + 3])
      call('ZADD', due, ARGV[i + 2], hash .. ARGV[i + 1])
    end
    i = i + 4
  elseif step == 'x' then -- cancelled timer: name
    if applies then
      cancel(ARGV[i + 1])
    end
    i = i + 2
  elseif step == 'l' then -- link
    if applies then
      link(ARGV[i + 1])
    end
    i = i + 2
  elseif step == 'e' then -- erase
    if applies then
      erase()
    end
    i = i + 1
  else
    return redis.error_reply('unknown step ' .. step)
  end
end
return table.concat(outcomes)
