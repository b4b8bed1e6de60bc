-- SPDX-License-Identifier: MIT
-- SPDX-FileCopyrightText: the namedpipe authors

-- The Lua client of the demo: client.lua PIPE

local np = require "namedpipe"
local crc32 = dofile((arg[0]:gsub("[^/]*$", "crc32.lua")))

local COUNT <const> = 200
local SIZES <const> = {0, 1, 13, 64, 127, 239, 240, 1000, 4096, 65535, 65536,
                       65537}
local LARGEST <const> = 1 << 20
local IN_PARTS <const> = 7

local function say(...)
  print(string.format(...))
  io.stdout:flush()
end

local function random_block()
  local bytes = {}
  for i = 1, 4099 do
    bytes[i] = string.char(math.random(0, 255))
  end
  return table.concat(bytes):rep(LARGEST // #bytes + 2)
end

local block <const> = random_block()

local function message(i)
  local size = i % 50 == 49 and LARGEST or SIZES[i % #SIZES + 1]
  return block:sub(i + 1, i + size)
end

-- A limit that is too small gets a part, and hears that there is more.
local function receive_in_parts(pipe)
  local part, more = pipe:recv(4)
  assert(#part == 4 and more == true, "4 bytes of a longer message: no more?")
  local rest = assert(pipe:recv())
  say("read one message as %d bytes, more to come, and %d bytes", #part, #rest)
  return part .. rest
end

-- Send messages, compare what comes back; the tally the server must have.
local function exchange(pipe)
  local total, crc = 0, 0
  for i = 0, COUNT - 1 do
    local sent = message(i)
    assert(pipe:send(sent))
    local back = i == IN_PARTS and receive_in_parts(pipe) or assert(pipe:recv())
    if back ~= sent then
      error(("message %d of %d bytes came back changed"):format(i, #sent))
    end
    total = total + #sent
    crc = crc32(sent, crc)
  end
  return ("%d %d %08x"):format(COUNT, total, crc)
end

local function talk_by_lines()
  local pipe <close> = assert(np.connect("demo-lines",
                                         {timeout = 20, wait = "server"}))
  local conversation = {
    {"sum 19 23", "42"},
    {"turn pipes named windows", "windows named pipes"},
    {"turn grün über", "über grün"},
  }
  for _, pair in ipairs(conversation) do
    local question, expected = pair[1], pair[2]
    assert(pipe:write(question, "\n"))
    local answer = assert(pipe:read("l"))
    say("by lines: %s -> %s", question, answer)
    assert(answer == expected, "that is wrong")
  end
end

local function main(name)
  local tally
  do
    local pipe <close> = assert(np.connect(name,
                                           {timeout = 20, wait = "server"}))
    say("connected to process %d", assert(pipe:peer()).pid)
    assert(pipe:send("lua"))
    tally = exchange(pipe)
  end
  say("sent %d messages of 0 bytes to 1 MiB, all came back unchanged", COUNT)
  local answer = assert(np.call(name, "?lua", {timeout = 20}))
  assert(answer == tally, "the server has seen something else: " .. answer)
  talk_by_lines()
  say("tally %s", tally)
end

main(arg[1])
