-- SPDX-License-Identifier: MIT
-- SPDX-FileCopyrightText: the namedpipe authors

-- A process for tests to drive by lines; peer.py and peer.c speak the same.
--
-- Each line of stdin is VERB ARG..., tokens separated by exactly one space, and
-- is answered by exactly one line: "ok VALUES..." or "err CODE", where CODE is
-- a Win32 error number, or "usage" for a line that makes no sense. Bytes are
-- lower-case hexadecimal, "-" for none; time-outs are milliseconds, "inf" or
-- (for wait) "default"; handles are small integers this program chooses. A
-- handle that was closed answers err 6; an argument that the binding raises an
-- error for answers err 87.
--
--   create NAME MODE READMODE ACCESS MAX INQ OUTQ FLAGS -> ok H
--     MODE byte|message; READMODE default|byte|message; ACCESS in|out|duplex;
--     FLAGS is a sum of 1 nowait, 2 first
--   listen NAME MODE MAX                -> ok H
--   saccept H MS                        -> ok H2
--   open NAME ACCESS READMODE           -> ok H      ACCESS r|w|rw|none
--   connect NAME READMODE MS WAIT       -> ok H      WAIT instance|server
--   accept H MS                         -> ok
--   disconnect H                        -> ok
--   wait NAME MS                        -> ok
--   read H N MS                         -> ok HEX MORE   MORE 0|1
--   recv H MS                           -> ok HEX
--   write H HEX MS                      -> ok N
--   fill H BYTE N MS                    -> ok N      one write of N times BYTE
--   peek H N                            -> ok HEX AVAILABLE LEFT
--   transact H HEX MAX MS               -> ok HEX MORE
--   call NAME HEX MAX MS                -> ok HEX MORE
--   flush H MS                          -> ok
--   state H                             -> ok STATE MODEBITS
--   setstate H MODEBITS                 -> ok
--   info H                              -> ok SERVER MODE OUTQ INQ MAX
--   peer H                              -> ok PID
--   exists NAME                         -> ok 0|1
--   close H                             -> ok
--   quit                                -> ok, and the program ends

local np = require "namedpipe"

local USAGE = {}

-- Every handle ever given out, by its number; false once it is closed.
local handles = {}
local handle_count = 0

local byte_of, hex_of = {}, {}
for i = 0, 255 do
  local hex = ("%02x"):format(i)
  byte_of[hex] = string.char(i)
  hex_of[string.char(i)] = hex
end

local function to_hex(s)
  return s == "" and "-" or (s:gsub(".", hex_of))
end

local function flag(b)
  return b and 1 or 0
end

-------------------------------------------------------------------- arguments

local function number(token)
  local n = token:match("^%d+$") and math.tointeger(token)
  if not n or n > 0xFFFFFFFF then error(USAGE) end
  return n
end

local function word(known)
  return function(token)
    local value = known[token]
    if value == nil then error(USAGE) end
    return value
  end
end

local function handle(kind)
  return function(token)
    local n = number(token)
    local h = handles[n]
    if h == nil then error(USAGE) end
    if h == false then error(np.E.INVALID_HANDLE, 0) end
    if kind and np.type(h) ~= kind then error(USAGE) end
    return h, n
  end
end

-- What the letters of a verb's signature stand for.
local parse = {
  s = function(token) return token end,
  u = number,
  t = function(token)
    if token == "inf" then return math.huge end
    return token == "default" and token or number(token) / 1000
  end,
  x = function(token)
    if token == "-" then return "" end
    if #token % 2 ~= 0 or token:find("[^%da-f]") then error(USAGE) end
    return (token:gsub("..", byte_of))
  end,
  m = word {default = "default", byte = "byte", message = "message"},
  a = word {["in"] = "inbound", out = "outbound", duplex = "duplex"},
  c = word {r = "r", w = "w", rw = "rw", none = ""},
  w = word {instance = "instance", server = "server"},
  h = handle("pipe"),
  v = handle("server"),
  b = handle(),
}

local function arguments(signature, tokens)
  if #tokens ~= #signature then error(USAGE) end
  local args = {}
  for i = 1, #signature do
    args[i] = parse[signature:sub(i, i)](tokens[i])
  end
  return args
end

------------------------------------------------------------------------ verbs

-- The result of a call of the binding, or its error code as a Lua error.
local function check(value, _, ...)
  if value == nil then error((...), 0) end
  return value, _, ...
end

local function add(h)
  check(h)
  handles[handle_count] = h
  handle_count = handle_count + 1
  return handle_count - 1
end

local function added(...)
  check(...)
  return add((...))
end

local function done(...)
  check(...)
end

local function partial(...)
  local data, more = check(...)
  return to_hex(data), flag(more)
end

local states = {
  disconnected = np.DISCONNECTED,
  listening = np.LISTENING,
  connected = np.CONNECTED,
  closing = np.CLOSING,
}

local verbs = {
  create = {"smmauuuu", function(name, mode, read_mode, access, max, inq, outq, flags)
    return added(np.create(name, {
      mode = mode, read_mode = read_mode, access = access, max_instances = max,
      in_quota = inq, out_quota = outq,
      nowait = flags & np.FLAG_NOWAIT ~= 0, first = flags & np.FLAG_FIRST ~= 0,
    }))
  end},
  listen = {"smu", function(name, mode, max)
    return added(np.listen(name, {mode = mode, max_instances = max}))
  end},
  saccept = {"vt", function(server, timeout)
    return added(server:accept(timeout))
  end},
  open = {"scm", function(name, access, read_mode)
    return added(np.open(name, {access = access, read_mode = read_mode}))
  end},
  connect = {"smtw", function(name, read_mode, timeout, wait)
    return added(np.connect(name,
      {read_mode = read_mode, timeout = timeout, wait = wait}))
  end},
  accept = {"ht", function(pipe, timeout) done(pipe:accept(timeout)) end},
  disconnect = {"h", function(pipe) done(pipe:disconnect()) end},
  wait = {"st", function(name, timeout) done(np.wait(name, timeout)) end},
  read = {"hut", function(pipe, n, timeout)
    return partial(pipe:recv(n, timeout))
  end},
  recv = {"ht", function(pipe, timeout)
    return to_hex((check(pipe:recv(nil, timeout))))
  end},
  write = {"hxt", function(pipe, data, timeout)
    return (check(pipe:send(data, timeout)))
  end},
  fill = {"huut", function(pipe, byte, n, timeout)
    local data = string.char(byte & 255):rep(n)
    return (check(pipe:send(data, timeout)))
  end},
  peek = {"hu", function(pipe, n)
    local data, available, left = check(pipe:peek(n))
    return to_hex(data), available, left
  end},
  transact = {"hxut", function(pipe, data, max, timeout)
    return partial(pipe:transact(data, timeout, max))
  end},
  call = {"sxut", function(name, data, max, timeout)
    return partial(np.call(name, data, {max = max, timeout = timeout}))
  end},
  flush = {"ht", function(pipe, timeout) done(pipe:flush(timeout)) end},
  state = {"h", function(pipe)
    local s = check(pipe:state())
    return states[s.state], (s.nowait and np.NOWAIT or 0) |
      (s.read_mode == "message" and np.READMODE_MESSAGE or 0)
  end},
  setstate = {"hu", function(pipe, bits) done(pipe:setmode(bits)) end},
  info = {"h", function(pipe)
    local i = check(pipe:info())
    return flag(i.server_end), i.mode == "message" and np.MESSAGE or np.BYTE,
      i.out_quota, i.in_quota, i.max_instances
  end},
  peer = {"h", function(pipe) return check(pipe:peer()).pid or 0 end},
  exists = {"s", function(name) return flag(check(np.exists(name))) end},
  close = {"b", function(h)
    h:close()
    for i = 0, handle_count - 1 do
      if handles[i] == h then handles[i] = false end
    end
  end},
  quit = {"", function() end},
}

------------------------------------------------------------------------ lines

local function answer(line)
  local tokens = {}
  for token in (line .. " "):gmatch("([^ ]*) ") do
    tokens[#tokens + 1] = token
  end
  local verb = verbs[table.remove(tokens, 1)]
  if not verb then error(USAGE) end
  local values = table.pack("ok", verb[2](table.unpack(arguments(verb[1], tokens))))
  return table.concat(values, " ")
end

for line in io.lines() do
  local ok, result = pcall(answer, line)
  if not ok then
    -- A string is a binding's argument error.
    if type(result) == "string" then
      io.stderr:write("peer.lua: ", result, "\n")
      result = np.E.INVALID_PARAMETER
    end
    result = "err " .. (result == USAGE and "usage" or result)
  end
  io.write(result, "\n"):flush()
  if line == "quit" then break end
end
