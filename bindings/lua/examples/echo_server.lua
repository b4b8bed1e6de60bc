-- SPDX-License-Identifier: MIT
-- SPDX-FileCopyrightText: the namedpipe authors

-- Send every message back, to any number of clients at once, without threads:
--     lua5.4 echo_server.lua [NAME]

local np = require "namedpipe"

local server <close> = assert(np.listen(arg[1] or "demo", {mode = "message"}))
print("serving " .. server:path())

local live = {server}
while true do
  for _, ready in ipairs(assert(np.select(live))) do
    if ready == server then
      local pipe = server:accept(0)
      if pipe then live[#live + 1] = pipe end
    else
      local message, _, code = ready:recv(nil, 0)
      if message then _, _, code = ready:send(message, 5) end
      if code and code ~= np.E.TIMEOUT then ready:close() end
    end
  end
  for i = #live, 1, -1 do
    if np.type(live[i]) == "closed pipe" then table.remove(live, i) end
  end
end
