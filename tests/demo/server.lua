-- SPDX-License-Identifier: MIT
-- SPDX-FileCopyrightText: the namedpipe authors

-- The Lua server of the demo: one client after the other. A client's first
-- message is its name, everything after that is sent back; or "?NAME", to hear
-- what arrived from the client of that name, which ends the server.

local np = require "namedpipe"
local crc32 = dofile((arg[0]:gsub("[^/]*$", "crc32.lua")))

local tallies = {}

local function say(...)
  print(string.format(...))
  io.stdout:flush()
end

local function echo(pipe, name)
  local count, total, crc = 0, 0, 0
  local message, problem, code = pipe:recv()
  while message do
    count, total = count + 1, total + #message
    crc = crc32(message, crc)
    assert(pipe:send(message))
    message, problem, code = pipe:recv()
  end
  -- The client has closed its end: that is how a conversation ends.
  assert(code == np.E.BROKEN_PIPE, problem)
  tallies[name] = ("%d %d %08x"):format(count, total, crc)
end

local function main(name)
  local server <close> = assert(np.listen(name, {mode = "message"}))
  say("serves %s, message mode", name)
  local question
  repeat
    local pipe <close> = assert(server:accept())
    local first = assert(pipe:recv())
    question = first:match("^%?(.*)")
    if question then
      assert(pipe:send(tallies[question] or "nobody"))
    else
      echo(pipe, first)
    end
  until question
end

main(arg[1])
