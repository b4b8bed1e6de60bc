-- SPDX-License-Identifier: MIT
-- SPDX-FileCopyrightText: the namedpipe authors

local np = require "namedpipe"
local ends = require "tests.lua.ends"

local E <const> = np.E
local LIMIT <const> = ends.LIMIT

after_each(ends.close_all)

local function listen(options)
  return ends.keep(np.listen(ends.name(), options))
end

local function connect(server, options)
  return ends.keep(np.open(server:path(), options))
end

describe("a server", function()
  it("gives each client a pipe of its own", function()
    local server = listen {mode = "message"}
    local clients, pipes = {}, {}
    for i = 1, 5 do
      clients[i] = connect(server, {read_mode = "message"})
      pipes[i] = ends.keep(server:accept(LIMIT))
    end
    for i = 1, 5 do clients[i]:send("client " .. i) end
    for i = 1, 5 do
      assert.equal("client " .. i, pipes[i]:recv(nil, LIMIT))
      pipes[i]:send("reply " .. i)
      assert.equal("reply " .. i, clients[i]:recv(nil, LIMIT))
    end
  end)

  it("has always an instance that listens", function()
    local server = listen()
    connect(server)
    ends.keep(server:accept(LIMIT))
    connect(server)
    ends.keep(server:accept(LIMIT))
    assert.is_true(np.wait(server:path(), LIMIT))
  end)

  it("owns its name", function()
    local server = listen()
    ends.fails(E.ACCESS_DENIED, np.listen(server:path()))
  end)

  it("gives the options to each instance", function()
    local server = listen {mode = "message", in_quota = 5, max_instances = 2}
    connect(server)
    local info = ends.keep(server:accept(LIMIT)):info()
    assert.equal("message", info.mode)
    assert.equal(5, info.in_quota)
    assert.equal(2, info.max_instances)
  end)

  it("serves no more clients at once than instances, one after the other", function()
    local server = listen {max_instances = 1}
    connect(server)
    local pipe = ends.keep(server:accept(LIMIT))
    ends.fails(E.PIPE_BUSY, np.open(server:path()))
    pipe:close()
    ends.fails(E.TIMEOUT, server:accept(0))
    local client = connect(server)
    pipe = ends.keep(server:accept(LIMIT))
    client:send("second")
    assert.equal("second", pipe:recv(nil, LIMIT))
  end)

  it("fails 258 when no client comes in time", function()
    ends.fails(E.TIMEOUT, listen():accept(0))
    ends.fails(E.TIMEOUT, listen():accept(0.01))
  end)

  it("gives a client that has left already, with what it sent (X6)", function()
    local server = listen()
    local client = connect(server)
    client:send("bye")
    client:close()
    local pipe = ends.keep(server:accept(LIMIT))
    assert.equal("bye", pipe:recv(nil, LIMIT))
  end)

  it("is outlived by its pipes", function()
    local server = listen()
    local client = connect(server)
    local pipe = ends.keep(server:accept(LIMIT))
    server:close()
    ends.fails(E.PIPE_BUSY, np.open(client:path()))
    client:send("still here")
    assert.equal("still here", pipe:recv(nil, LIMIT))
  end)

  it("ends with its to-be-closed variable", function()
    local name = ends.name()
    do
      local server <close> = assert(np.listen(name))
      assert.equal("server", np.type(server))
    end
    assert.is_false(np.exists(name))
  end)

  it("raises an error when it is used closed", function()
    local server = listen()
    assert.is_true(server:close())
    assert.equal("closed server", np.type(server))
    for _, name in ipairs {"accept", "cancel", "close", "path", "getfd", "pollfd"} do
      assert.error_matches(function() server[name](server) end,
                           "attempt to use a closed server")
    end
  end)

  it("has nothing to cancel in a program without threads", function()
    ends.fails(E.NOT_FOUND, listen():cancel())
    ends.fails(E.NOT_FOUND, ends.create():cancel())
  end)
end)
