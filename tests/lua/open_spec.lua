-- SPDX-License-Identifier: MIT
-- SPDX-FileCopyrightText: the namedpipe authors

local np = require "namedpipe"
local ends = require "tests.lua.ends"

local E <const> = np.E
local LIMIT <const> = ends.LIMIT

after_each(ends.close_all)

describe("create and open", function()
  it("connect two ends in one process without waiting (O4)", function()
    local server = ends.create()
    assert.equal("listening", server:state().state)
    ends.open(server)
    assert.equal("connected", server:state().state)
  end)

  it("take all three spellings of a name in any case (NM1)", function()
    local name = ends.name()
    local server = ends.keep(np.create(name, {max_instances = 3}))
    ends.keep(np.create(name))
    ends.keep(np.create(name))
    assert.equal([[\\.\pipe\]] .. name, server:path())
    ends.keep(np.open([[\\.\pipe\]] .. name))
    ends.keep(np.open("//./pipe/" .. name))
    ends.keep(np.open(name:upper()))
  end)

  it("open fails 2 for a name nobody serves (F1)", function()
    local name = ends.name()
    local message = ends.fails(E.FILE_NOT_FOUND, np.open(name))
    assert.equal([[\\.\pipe\]] .. name .. ": there is no pipe of this name", message)
  end)

  it("open fails 231 when every instance is taken (F1)", function()
    local server = ends.pair()
    local message = ends.fails(E.PIPE_BUSY, np.open(server:path()))
    assert.equal(server:path() .. ": all pipe instances are busy", message)
  end)

  it("create fails 231 beyond the limit of instances", function()
    local server = ends.create {max_instances = 1}
    ends.fails(E.PIPE_BUSY, np.create(server:path(), {max_instances = 1}))
  end)

  it("create fails 5 where the first instance was asked for", function()
    local server = ends.create()
    ends.fails(E.ACCESS_DENIED, np.create(server:path(), {first = true}))
    ends.keep(np.create(server:path(), {first = false}))
  end)

  it("open fails 5 against the pipe's direction (F2)", function()
    local server = ends.create {access = "inbound"}
    ends.fails(E.ACCESS_DENIED, np.open(server:path(), {access = "r"}))
    ends.fails(E.ACCESS_DENIED, np.open(server:path()))
    local client = ends.open(server, {access = "w"})
    assert.equal(2, client:send("in"))
    assert.equal("in", server:recv(nil, LIMIT))
  end)

  it("an outbound pipe goes the other way", function()
    local server = ends.create {access = "outbound"}
    local client = ends.open(server, {access = "r"})
    assert.equal(3, server:send("out"))
    assert.equal("out", client:recv(nil, LIMIT))
    ends.fails(E.ACCESS_DENIED, client:send("no", LIMIT))
  end)

  it("a client without access may ask questions only (F2)", function()
    local server = ends.create()
    local client = ends.open(server, {access = ""})
    assert.equal("byte", client:info().mode)
    ends.fails(E.ACCESS_DENIED, client:recv(nil, LIMIT))
  end)

  it("fail 123 for what is no name (NM4)", function()
    ends.fails(E.INVALID_NAME, np.create(""))
    ends.fails(E.INVALID_NAME, np.open(("x"):rep(300)))
    ends.fails(E.INVALID_NAME, np.exists(""))
  end)

  it("raise an error for a name with a zero byte or of another type", function()
    assert.error_matches(function() np.open("a\0b") end, "zero byte")
    assert.error_matches(function() np.create({}) end, "string expected")
    assert.error_matches(function() np.connect() end, "string expected")
  end)

  it("start a client in byte-read mode, whatever the pipe (F5)", function()
    local server = ends.create {mode = "message"}
    local client = ends.open(server)
    assert.equal("byte", client:state().read_mode)
    assert.equal("message", server:state().read_mode)
  end)
end)

describe("accept", function()
  it("succeeds when the client is there already (N1)", function()
    local server = ends.create()
    ends.open(server)
    assert.equal(server, server:accept(LIMIT))
  end)

  it("fails 232 when the client came and left, its data stays (X6)", function()
    local server = ends.create()
    local client = ends.open(server)
    client:send("bye")
    client:close()
    ends.fails(E.NO_DATA, server:accept(LIMIT))
    assert.equal("bye", server:recv(nil, LIMIT))
    ends.fails(E.BROKEN_PIPE, server:recv(nil, LIMIT))
  end)

  it("fails 258 when no client comes in time", function()
    ends.fails(E.TIMEOUT, ends.create():accept(0))
    ends.fails(E.TIMEOUT, ends.create():accept(0.01))
  end)

  it("fails 1 on a client's end (N6)", function()
    local _, client = ends.pair()
    ends.fails(E.INVALID_FUNCTION, client:accept(0))
  end)

  it("fails 536 on a nowait end without a client (N3)", function()
    ends.fails(E.PIPE_LISTENING, ends.create({nowait = true}):accept())
  end)
end)

describe("disconnect", function()
  it("drops what is unread in both directions (D1)", function()
    local server, client = ends.pair()
    server:send("lost")
    client:send("lost too")
    assert.equal(server, server:disconnect())
    ends.fails(E.PIPE_NOT_CONNECTED, client:recv(nil, LIMIT))
    ends.fails(E.PIPE_NOT_CONNECTED, server:recv(nil, LIMIT))
  end)

  it("lets the instance serve the next client (O4)", function()
    local server, client = ends.pair()
    assert(server:disconnect())
    ends.fails(E.PIPE_BUSY, np.open(server:path()))
    client:close()
    ends.fails(E.TIMEOUT, server:accept(0))
    local second = ends.open(server)
    assert(server:accept(LIMIT))
    second:send("hello")
    assert.equal("hello", server:recv(nil, LIMIT))
  end)

  it("fails 233 the second time and 1 on a client's end (D3)", function()
    local server, client = ends.pair()
    ends.fails(E.INVALID_FUNCTION, client:disconnect())
    assert(server:disconnect())
    ends.fails(E.PIPE_NOT_CONNECTED, server:disconnect())
  end)

  it("forgets what read() has put back", function()
    local server, client = ends.pair()
    client:send("half a li")
    server:settimeout(0)
    ends.fails(E.TIMEOUT, server:read("l"))
    server:disconnect()
    ends.fails(E.PIPE_NOT_CONNECTED, server:recv(nil, 0))
  end)
end)

describe("connect", function()
  it("fails 2 at once when there is no such pipe", function()
    ends.fails(E.FILE_NOT_FOUND, np.connect(ends.name(), {timeout = LIMIT}))
  end)

  it("fails 121 when no server appears in time", function()
    ends.fails(E.SEM_TIMEOUT,
               np.connect(ends.name(), {timeout = 0.01, wait = "server"}))
  end)

  it("fails 121 when no instance becomes free in time", function()
    local server = ends.pair()
    ends.fails(E.SEM_TIMEOUT, np.connect(server:path(), {timeout = 0.01}))
    ends.fails(E.SEM_TIMEOUT, np.connect(server:path(), {timeout = 0}))
  end)

  it("reads in the pipe's own type unless told otherwise", function()
    local server = ends.create {mode = "message"}
    local client = ends.keep(np.connect(server:path(), {timeout = LIMIT}))
    assert.equal("message", client:state().read_mode)
    server = ends.create {mode = "message"}
    client = ends.keep(np.connect(server:path(), {read_mode = "byte"}))
    assert.equal("byte", client:state().read_mode)
  end)
end)

describe("wait", function()
  it("returns at once when an instance listens (WT1)", function()
    local server = ends.create()
    assert.is_true(np.wait(server:path(), LIMIT))
    assert.is_true(np.wait(server:path()))
  end)

  it("fails 2 when there is no such pipe (WT2)", function()
    ends.fails(E.FILE_NOT_FOUND, np.wait(ends.name()))
  end)

  it("fails 121 when its time is up (WT2)", function()
    local server = ends.pair({default_timeout = 0.02})
    ends.fails(E.SEM_TIMEOUT, np.wait(server:path(), 0.01))
    ends.fails(E.SEM_TIMEOUT, np.wait(server:path(), "default"))
  end)

  it("takes no other word for a time-out", function()
    assert.error_matches(function() np.wait("x", "soon") end, "number expected")
  end)
end)

describe("names and exists", function()
  it("see a pipe as long as it is served, without taking an instance", function()
    local server = ends.create()
    local name = server:path():match("[^\\]+$")
    assert.is_true(np.exists(name))
    assert.same({name}, np.names(name))
    assert.equal("listening", server:state().state)
    server:close()
    assert.is_false(np.exists(name))
    assert.same({}, np.names(name))
  end)

  it("match by * and ?, in any case", function()
    local prefix = ends.name()
    for _, suffix in ipairs {"-one", "-two", "-three"} do
      ends.keep(np.create(prefix .. suffix))
    end
    local function found(pattern)
      local names = assert(np.names(prefix:upper() .. pattern))
      table.sort(names)
      return names
    end
    assert.same({prefix .. "-one", prefix .. "-three", prefix .. "-two"}, found("*"))
    assert.same({prefix .. "-one", prefix .. "-two"}, found("-???"))
    assert.same({}, found("?"))
    assert.is_true(#np.names() >= 3)
  end)
end)
