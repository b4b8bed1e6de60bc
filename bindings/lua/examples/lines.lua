-- SPDX-License-Identifier: MIT
-- SPDX-FileCopyrightText: the namedpipe authors

-- A pipe as an io stream, both ends in one program:
--     lua5.4 lines.lua

local np = require "namedpipe"

local server <close> = assert(np.create("lines demo", {first = true}))
local client = assert(np.open("lines demo"))

assert(client:write("first line\n", "second line\n", 42, " ", 0x10, "\nrest"))
assert(server:accept(5))
client:close()

print(server:read("l"))
print(server:read("L", "n", "n"))
print(server:read(1) == "\n")
for line in server:lines() do print(line) end
