-- SPDX-License-Identifier: MIT
-- SPDX-FileCopyrightText: the namedpipe authors

-- Talk to echo_server.lua:
--     lua5.4 client.lua [NAME]

local np = require "namedpipe"
local name = arg[1] or "demo"

local pipe <close> = assert(np.connect(name, {timeout = 10, wait = "server"}))
print("connected to " .. pipe:path())

for _, message in ipairs {"hello", "", ("x"):rep(100000)} do
  assert(pipe:send(message, 5))
  local echo = assert(pipe:recv(nil, 5))
  print(("%d bytes, %d back"):format(#message, #echo))
end

-- A message may be taken in parts.
assert(pipe:send("in parts"))
repeat
  local part, more = assert(pipe:recv(2, 5))
  print(part, more)
until not more

-- A request and its reply, also without a connection of one's own.
print((assert(pipe:transact("a request", 5))))
print((assert(np.call(name, "another", {timeout = 5}))))

local nothing, reason, code = np.open("no such pipe")
print(nothing, reason, code == np.E.FILE_NOT_FOUND)
