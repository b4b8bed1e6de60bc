-- SPDX-License-Identifier: MIT
-- SPDX-FileCopyrightText: the namedpipe authors

-- One measurement in Lua, between two processes: what bench.c is in C.
--
--     lua5.4 bench.lua TRANSPORT MODE SIZE N
--
-- Prints one line of JSON. The modes are bench.c's rt and ow; the transports
-- are namedpipe and its peers, each if it is installed: luasocket's unix
-- sockets, luv's pipes, and FIFOs read and written with the io library. The
-- server is started with io.popen; it gets the address as a fifth argument.

local transport, mode = arg[1], arg[2]
local size, n, address = tonumber(arg[3]), tonumber(arg[4]), arg[5]
local is_server = address ~= nil
local warm_up = math.max(n // 20, 10)
local message = ("x"):rep(size)

-- Each transport is a function that makes listen(address), accept(),
-- connect(address), send(data), receive(n), which is nil at the end, and
-- close(), all for one connection.
local transports = {}

function transports.namedpipe()
  local np = require "namedpipe"
  local server, pipe
  local function name(path) return "bench-" .. path:match("[^/]*$") end
  return {
    listen = function(path)
      server = assert(np.listen(name(path), {mode = "message"}))
    end,
    accept = function() pipe = assert(server:accept()) end,
    connect = function(path) pipe = assert(np.connect(name(path))) end,
    send = function(data) pipe:send(data) end,
    receive = function() return pipe:recv() end,
    close = function() pipe:close() end
  }
end

function transports.luasocket()
  local unix = require "socket.unix"
  local listener, socket
  return {
    listen = function(path)
      listener = assert(unix.stream())
      assert(listener:bind(path))
      assert(listener:listen(1))
    end,
    accept = function() socket = assert(listener:accept()) end,
    connect = function(path)
      socket = assert(unix.stream())
      assert(socket:connect(path))
    end,
    send = function(data) socket:send(data) end,
    receive = function(count) return socket:receive(count) end,
    close = function() socket:close() end
  }
end

-- An event loop that is run until what is wanted has happened.
function transports.luv()
  local uv = require "luv"
  local most_pending = 64
  local listener, pipe
  local parts, have, taken = {}, 0, 0 -- taken: of the first part
  local pending, ended = 0, false

  local function on_read(problem, data)
    assert(not problem, problem)
    if data then
      parts[#parts + 1] = data
      have = have + #data
    else
      ended = true
    end
  end
  local function written() pending = pending - 1 end
  return {
    listen = function(path)
      listener = uv.new_pipe(false)
      assert(listener:bind(path))
      listener:listen(1, function()
        pipe = uv.new_pipe(false)
        listener:accept(pipe)
        pipe:read_start(on_read)
      end)
    end,
    accept = function()
      while not pipe do uv.run("once") end
    end,
    connect = function(path)
      local connected = false
      pipe = uv.new_pipe(false)
      pipe:connect(path, function(problem)
        assert(not problem, problem)
        connected = true
      end)
      while not connected do uv.run("once") end
      pipe:read_start(on_read)
    end,
    send = function(data)
      pending = pending + 1
      pipe:write(data, written)
      while pending > most_pending do uv.run("once") end
    end,
    receive = function(count)
      while have < count and not ended do uv.run("once") end
      if have < count then return nil end
      if #parts[1] - taken < count then
        parts, taken = {table.concat(parts):sub(taken + 1)}, 0
      end
      local data = parts[1]:sub(taken + 1, taken + count)
      have, taken = have - count, taken + count
      if taken == #parts[1] then
        table.remove(parts, 1)
        taken = 0
      end
      return data
    end,
    close = function()
      pipe:close()
      uv.run("once")
    end
  }
end

function transports.fifo()
  local input, output
  return {
    listen = function(path)
      assert(os.execute("mkfifo '" .. path .. ".there' '" .. path .. ".back'"))
    end,
    accept = function()
      input = assert(io.open(address .. ".there", "rb"))
      output = assert(io.open(address .. ".back", "wb"))
    end,
    connect = function(path)
      output = assert(io.open(path .. ".there", "wb"))
      input = assert(io.open(path .. ".back", "rb"))
      os.remove(path .. ".there")
      os.remove(path .. ".back")
    end,
    send = function(data)
      output:write(data)
      output:flush()
    end,
    receive = function(count) return input:read(count) end,
    close = function()
      output:close()
      input:close()
    end
  }
end

-- Lua has no clock of its own that is fine enough.
local function find_clock()
  local found, library = pcall(require, "socket")
  if found then return library.gettime end
  found, library = pcall(require, "luv")
  if found then return function() return library.hrtime() / 1e9 end end
  return function() -- in hundredths of a second
    local file <close> = assert(io.open("/proc/uptime"))
    return file:read("n")
  end
end

-- Start the same program as the server; it says when it is ready.
local function start_server(path)
  local words = {arg[-1]}
  for i = 0, 4 do words[#words + 1] = arg[i] end
  words[#words + 1] = path
  for i, word in ipairs(words) do words[i] = "'" .. word .. "'" end
  local server = assert(io.popen(table.concat(words, " ")))
  assert(server:read("l") == "ready", "the server has failed")
  return server
end

local function serve(by)
  by.listen(address)
  io.stdout:write("ready\n"):flush()
  by.accept()
  for _ = 1, warm_up do by.send(by.receive(size)) end
  local cpu = os.clock()
  if mode == "rt" then
    for _ = 1, n do by.send(by.receive(size)) end
  else
    for _ = 1, n do by.receive(size) end
    by.send("k")
  end
  cpu = os.clock() - cpu
  by.receive(1) -- the client has closed
  by.close()
  print(cpu)
end

local function use(by, path)
  local clock = find_clock()
  local server = start_server(path)
  by.connect(path)
  for _ = 1, warm_up do
    by.send(message)
    by.receive(size)
  end
  local cpu = os.clock()
  local began = clock()
  if mode == "rt" then
    for _ = 1, n do
      by.send(message)
      by.receive(size)
    end
  else
    for _ = 1, n do by.send(message) end
    by.receive(1)
  end
  local wall = clock() - began
  cpu = os.clock() - cpu
  by.close()
  cpu = cpu + server:read("n")
  print(('{"ns": %.1f, "cpu_ns": %.1f}'):format(wall / n * 1e9, cpu / n * 1e9))
end

assert(mode == "rt" or mode == "ow", "unknown mode")
local by = assert(transports[transport], "unknown transport")()
if is_server then
  serve(by)
else
  local path = os.tmpname()
  os.remove(path)
  use(by, path)
  os.remove(path)
end
