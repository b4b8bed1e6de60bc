-- SPDX-License-Identifier: MIT
-- SPDX-FileCopyrightText: the namedpipe authors

local np = require "namedpipe"
local ends = require "tests.lua.ends"
local child = require "tests.lua.child"

local E <const> = np.E
local LIMIT <const> = ends.LIMIT
-- The same for a peer, milliseconds.
local MS <const> = ("%d"):format(LIMIT * 1000)

local function hex(s)
  return (s:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

describe("with another process", function()
  local peer

  before_each(function()
    peer = child.start()
  end)

  after_each(function()
    ends.close_all()
    peer:stop()
  end)

  it("messages go both ways", function()
    local server = ends.keep(np.listen(ends.name(), {mode = "message"}))
    local h = peer:ask("connect", server:path(), "default", MS, "instance")
    local pipe = ends.keep(server:accept(LIMIT))
    pipe:send("hello")
    assert.equal(hex "hello", peer:ask("recv", h, MS))
    assert.equal("3", peer:ask("fill", h, "65", "3", MS))
    assert.equal("AAA", pipe:recv(nil, LIMIT))
  end)

  it("transact gets its reply, whole or in parts (TR3)", function()
    local server = ends.create {mode = "message"}
    local h = peer:ask("connect", server:path(), "message", MS, "instance")
    assert(server:accept(LIMIT))
    local function answer(n)
      peer:say("recv", h, MS)
      peer:say("fill", h, "65", n, MS)
    end
    for _, n in ipairs {0, 5, 4096, 4097, 50000} do
      answer(n)
      local reply, more = server:transact("request", LIMIT)
      assert.is_true(reply == ("A"):rep(n), n .. " bytes changed")
      assert.is_nil(more)
      assert.equal(hex "request", peer:hear())
      peer:hear()
    end
    answer(5000)
    local reply, more = server:transact("request", LIMIT, 4500)
    assert.same({4500, true}, {#reply, more})
    assert.same({("A"):rep(500)}, {server:recv(nil, LIMIT)})
    peer:hear()
    peer:hear()
    answer(10)
    assert.same({"AAAA", true}, {server:transact("request", LIMIT, 4)})
    peer:hear()
    peer:hear()
  end)

  it("call connects, asks and leaves (CL1)", function()
    local name = ends.name()
    local h = peer:ask("create", name, "message", "default", "duplex", "1",
                       "65536", "65536", "0")
    local function answer(n)
      peer:say("accept", h, MS)
      peer:say("recv", h, MS)
      peer:say("fill", h, "66", n, MS)
      peer:say("flush", h, MS)
      peer:say("disconnect", h)
    end
    local function hear()
      peer:hear()
      assert.equal(hex "request", peer:hear())
      peer:hear()
      -- The client may have closed before it could be flushed.
      pcall(peer.hear, peer)
      peer:hear()
    end
    answer(3)
    assert.same({"BBB", false}, {np.call(name, "request", {timeout = LIMIT})})
    hear()
    answer(20000)
    local reply = np.call(name, "request", {timeout = LIMIT, max = 30000})
    assert.equal(20000, #reply)
    hear()
    answer(10)
    assert.same({"BBBB", true},
                {np.call(name, "request", {timeout = LIMIT, max = 4})})
    hear()
  end)

  it("call fails 2 without a server, 121 without a free instance", function()
    ends.fails(E.FILE_NOT_FOUND, np.call(ends.name(), "x", {timeout = LIMIT}))
    local server = ends.pair({mode = "message"})
    ends.fails(E.SEM_TIMEOUT, np.call(server:path(), "x", {timeout = 0.01}))
  end)

  it("a waiting recv is woken by data and by the end (X4)", function()
    local server = ends.create {mode = "message"}
    local h = peer:ask("connect", server:path(), "default", MS, "instance")
    assert(server:accept(LIMIT))
    peer:say("write", h, hex "late", MS)
    assert.equal("late", server:recv(nil, LIMIT))
    peer:hear()
    peer:say("close", h)
    ends.fails(E.BROKEN_PIPE, server:recv(nil, LIMIT))
    peer:hear()
  end)

  it("a send over the quota goes on when the other end reads (WR3)", function()
    local server = ends.create {mode = "message", out_quota = 100}
    local h = peer:ask("connect", server:path(), "default", MS, "instance")
    assert(server:accept(LIMIT))
    -- Both answers together are less than the fifo holds.
    peer:say("read", h, "10000", MS)
    peer:say("recv", h, MS)
    assert.equal(30000, server:send(("x"):rep(30000), LIMIT))
    local part, more = peer:hear()
    assert.same({20000, "1"}, {#part, more})
    assert.equal(40000, #peer:hear())
  end)

  it("connect waits for a server that comes later", function()
    local name = ends.name()
    peer:say("wait", name, "0")
    assert.error_matches(function() peer:hear() end, "err 2")
    peer:say("create", name, "byte", "default", "duplex", "1", "9", "9", "0")
    ends.keep(np.connect(name, {timeout = LIMIT, wait = "server"}))
    peer:hear()
  end)

  it("accept waits for a client that comes later", function()
    local server = ends.keep(np.listen(ends.name()))
    peer:say("open", server:path(), "rw", "default")
    local pipe = ends.keep(server:accept(LIMIT))
    peer:hear()
    assert.is_true(pipe:peer().pid ~= ends.pid)
  end)

  it("flush waits until everything is read (FL1)", function()
    local server = ends.create {mode = "message"}
    local h = peer:ask("connect", server:path(), "default", MS, "instance")
    assert(server:accept(LIMIT))
    server:send("one")
    peer:say("recv", h, MS)
    assert(server:flush(LIMIT))
    assert.equal(hex "one", peer:hear())
  end)

  it("lines are read as they come", function()
    local server = ends.create()
    local h = peer:ask("connect", server:path(), "default", MS, "instance")
    assert(server:accept(LIMIT))
    server:settimeout(LIMIT)
    peer:say("write", h, hex "a line in ", MS)
    peer:say("write", h, hex "two parts\nand", MS)
    assert.equal("a line in two parts", server:read("l"))
    peer:say("close", h)
    assert.equal("and", server:read("l"))
    assert.is_nil(server:read("l"))
    for _ = 1, 3 do peer:hear() end
  end)

  it("a killed process ends the conversation (X1)", function()
    local server = ends.create()
    peer:ask("connect", server:path(), "default", MS, "instance")
    assert(server:accept(LIMIT))
    ends.kill(server:peer().pid)
    ends.fails(E.BROKEN_PIPE, server:recv(nil, LIMIT))
    peer = {stop = function() end}
  end)
end)

describe("a signal", function()
  after_each(ends.close_all)

  -- A signal that comes before its call sleeps is Lua's own to miss.
  local function await_sleep(pid)
    local stop = os.time() + LIMIT
    local state
    repeat
      local stat <close> = assert(io.open("/proc/" .. pid .. "/stat"))
      state = stat:read("a"):match("%) (%a)")
    until state == "S" or os.time() > stop
    assert.equal("S", state)
  end

  local title <const> = "ends a blocked call, so that Lua can raise its error"
  ends.on_linux(it, pending, title, function()
    local script = os.tmpname()
    local file <close> = assert(io.open(script, "w"))
    assert(file:write([[
      local np = require "namedpipe"
      local stat = assert(io.open("/proc/self/stat"))
      local pipe <close> = assert(np.create(arg[1]))
      print(pcall(function()
        io.write(stat:read("n"), "\n"):flush()
        return (pipe:accept())
      end))
    ]]):flush())
    local command = ("exec timeout %d lua5.4 %s %s"):format(LIMIT, script, ends.name())
    local output <close> = assert(io.popen(command))
    local pid = output:read("n", "l")
    await_sleep(pid)
    os.execute("kill -INT " .. pid)
    assert.matches("^false%s.*interrupted!", output:read("a"))
    os.remove(script)
  end)
end)
