-- SPDX-License-Identifier: MIT
-- SPDX-FileCopyrightText: the namedpipe authors

-- Pipes for tests: names nobody else has, connected pairs, and the closing of
-- everything a test has made. A server's and a client's end can live in one
-- process, as opening an instance never waits for its server.

local np = require "namedpipe"

local ends = {}

-- No call of a test waits longer, seconds.
ends.LIMIT = 10

local made = {}
local count = 0

function ends.keep(handle, message, code)
  if handle == nil then error(message .. " (" .. code .. ")", 2) end
  made[#made + 1] = handle
  return handle
end

function ends.close_all()
  for _, handle in ipairs(made) do
    local kind = np.type(handle)
    if kind == "pipe" or kind == "server" then handle:close() end
  end
  made = {}
end

-- Leave what was made to the collector.
function ends.forget()
  made = {}
end

ends.windows = package.config:sub(1, 1) == "\\"

-- Lua does not tell who it is; on Windows only a pipe with both ends here does.
local function own_pid()
  if not ends.windows then
    local stat <close> = assert(io.open("/proc/self/stat"))
    return stat:read("n")
  end
  local name = ("lua-test-%d-%p"):format(os.time(), {})
  local _ <close> = assert(np.create(name))
  local client <close> = assert(np.open(name))
  return client:peer().pid
end

ends.pid = own_pid()

function ends.name()
  count = count + 1
  return ("lua-test-%d-%d"):format(ends.pid, count)
end

function ends.create(options)
  return ends.keep(np.create(ends.name(), options))
end

function ends.open(server, options)
  return ends.keep(np.open(server:path(), options))
end

function ends.kill(pid)
  os.execute((ends.windows and "taskkill /F /PID %d >nul" or "kill -9 %d"):format(pid))
end

-- it() for what is not there on Windows.
function ends.on_linux(it, pending, name, body)
  if ends.windows then
    pending(name .. " (Linux only)")
  else
    it(name, body)
  end
end

-- A server's end and a client's, connected. Both read messages if it is a
-- message pipe.
function ends.pair(options)
  local server = ends.create(options)
  local client = ends.open(server, {read_mode = options and options.mode})
  assert(server:accept(ends.LIMIT))
  return server, client
end

function ends.messages(options)
  local all = {mode = "message"}
  for key, value in pairs(options or {}) do all[key] = value end
  return ends.pair(all)
end

-- That a call has failed, with the triple every failure has.
function ends.fails(code, value, message, got, ...)
  assert(value == nil, "a failure was expected, got " .. tostring(value))
  assert(type(message) == "string", "no message")
  assert(got == code, ("%s: code %s expected, got %s"):format(message, code, got))
  return message, ...
end

return ends
