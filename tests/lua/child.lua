-- SPDX-License-Identifier: MIT
-- SPDX-FileCopyrightText: the namedpipe authors

-- A peer program (tests/peers/peer.lua) as another process: lines go to it
-- through popen, answers come back through a fifo, or on Windows through a pipe
-- of our own.

local np = require "namedpipe"
local ends = require "tests.lua.ends"

local child = {}
child.__index = child

local PEER <const> = "tests/peers/peer.lua"
-- What the process may live at most, seconds.
local LIFE <const> = 60

local function start_with_fifo(lua)
  local fifo = os.tmpname()
  assert(os.remove(fifo))
  assert(os.execute("mkfifo " .. fifo))
  local command = ("exec timeout %d %s %s >%s"):format(LIFE, lua, PEER, fifo)
  local input = assert(io.popen(command, "w"))
  local output = assert(io.open(fifo))
  assert(os.remove(fifo))
  return input, output
end

-- cmd.exe complains that what it redirects into is no file, hence "nul".
local function start_with_pipe(lua)
  local output = assert(np.create(ends.name(), {access = "inbound"}))
  local command = ("%s %s 2>nul >%s"):format(lua, PEER, output:path())
  local input = assert(io.popen(command, "w"))
  assert(output:accept(ends.LIMIT))
  output:settimeout(LIFE)
  return input, output
end

function child.start()
  local start = ends.windows and start_with_pipe or start_with_fifo
  local input, output = start(os.getenv("LUA") or "lua5.4")
  return setmetatable({input = input, output = output}, child)
end

-- Give a verb without waiting for its answer.
function child:say(...)
  assert(self.input:write(table.concat({...}, " "), "\n"):flush())
end

-- The values of the next answer; an error for "err".
function child:hear()
  local line = assert(self.output:read("l"), "the peer is gone")
  local state, rest = line:match("^(%S+) ?(.*)$")
  if state ~= "ok" then error(line, 2) end
  local values = {}
  for value in rest:gmatch("%S+") do values[#values + 1] = value end
  return table.unpack(values)
end

function child:ask(...)
  self:say(...)
  return self:hear()
end

function child:stop()
  self:ask("quit")
  self.output:close()
  assert(self.input:close())
end

return child
