-- SPDX-License-Identifier: MIT
-- SPDX-FileCopyrightText: the namedpipe authors

local np = require "namedpipe"
local ends = require "tests.lua.ends"

local E <const> = np.E
local LIMIT <const> = ends.LIMIT

after_each(ends.close_all)

-- Of this process, without those that only garbage still holds. Not through
-- popen, whose own descriptors come and go while the other process looks.
local function open_files()
  collectgarbage()
  collectgarbage()
  local name = os.tmpname()
  assert(os.execute("ls /proc/" .. ends.pid .. "/fd >" .. name))
  local n = 0
  for _ in io.lines(name) do n = n + 1 end
  os.remove(name)
  return n
end

describe("a closed pipe", function()
  local methods = {}
  for name in pairs(debug.getregistry()["namedpipe.pipe"].__index) do
    methods[#methods + 1] = name
  end

  it("raises an error from every method that needs it", function()
    local pipe = ends.create()
    assert.is_true(pipe:close())
    for _, name in ipairs(methods) do
      if name ~= "events" and name ~= "timeout" and name ~= "setvbuf" then
        assert.error_matches(function() pipe[name](pipe) end,
                             "attempt to use a closed pipe")
      end
    end
  end)

  it("is told apart", function()
    local pipe = ends.create()
    assert.equal("pipe", np.type(pipe))
    pipe:close()
    assert.equal("closed pipe", np.type(pipe))
  end)

  it("has ended the conversation for the other end (X4)", function()
    local server, client = ends.pair()
    server:close()
    ends.fails(E.BROKEN_PIPE, client:recv(nil, LIMIT))
    ends.fails(E.NO_DATA, client:send("x", LIMIT))
  end)

  it("is what a to-be-closed variable leaves", function()
    local kept
    do
      local pipe <close> = assert(np.create(ends.name()))
      kept = pipe
    end
    assert.equal("closed pipe", np.type(kept))
  end)

  it("may be left by a to-be-closed variable that was closed before", function()
    local pipe <close> = assert(np.create(ends.name()))
    pipe:close()
  end)

  it("is left by an error that leaves the block", function()
    local kept
    pcall(function()
      local pipe <close> = assert(np.create(ends.name()))
      kept = pipe
      error("out")
    end)
    assert.equal("closed pipe", np.type(kept))
  end)
end)

describe("collection", function()
  it("closes what nobody holds", function()
    local name = ends.name()
    assert(np.create(name))
    collectgarbage()
    collectgarbage()
    assert.is_false(np.exists(name))
  end)

  it("closes a server that nobody holds", function()
    local name = ends.name()
    assert(np.listen(name))
    collectgarbage()
    collectgarbage()
    assert.is_false(np.exists(name))
  end)

  it("of a failed call's object does no harm", function()
    for _ = 1, 100 do np.open(ends.name()) end
    collectgarbage()
  end)

  it("keeps a pipe that lines() still reads", function()
    local server, client = ends.pair()
    client:send("one\ntwo\n")
    client:close()
    local name = server:path()
    local next_line = server:settimeout(LIMIT):lines()
    server = nil -- luacheck: ignore
    ends.forget()
    collectgarbage()
    collectgarbage()
    assert.equal("one", next_line())
    next_line = nil -- luacheck: ignore
    collectgarbage()
    collectgarbage()
    assert.is_false(np.exists(name))
  end)
end)

describe("opening and closing", function()
  ends.on_linux(it, pending, "leaves no descriptor behind", function()
    local function round()
      local server, client = ends.messages()
      client:send(("x"):rep(10000))
      server:recv(nil, LIMIT)
      assert(server:getfd() and client:getfd())
      client:close()
      server:close()
      local listener = ends.keep(np.listen(ends.name(), {mode = "message"}))
      client = ends.keep(np.connect(listener:path(), {timeout = LIMIT}))
      ends.keep(listener:accept(LIMIT))
      -- The first wait of a thread makes a descriptor that it keeps.
      assert.same({}, np.select({client, listener}, 0.001))
      ends.close_all()
    end
    round()
    local before = open_files()
    for _ = 1, 20 do round() end
    assert.equal(before, open_files())
  end)
end)
