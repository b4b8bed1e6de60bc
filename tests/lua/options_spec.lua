-- SPDX-License-Identifier: MIT
-- SPDX-FileCopyrightText: the namedpipe authors

local np = require "namedpipe"
local ends = require "tests.lua.ends"

after_each(ends.close_all)

local function refused(pattern, f, ...)
  local arguments = table.pack(...)
  assert.error_matches(function()
    f(table.unpack(arguments, 1, arguments.n))
  end, pattern)
end

describe("options", function()
  it("may be absent or empty", function()
    ends.keep(np.create(ends.name(), nil))
    ends.keep(np.create(ends.name(), {}))
  end)

  it("must be a table", function()
    refused("table expected", np.create, "x", "message")
    refused("table expected", np.connect, "x", 2.0)
  end)

  it("are named when they are unknown", function()
    refused("unknown option 'mod'", np.create, "x", {mod = "byte"})
    refused("unknown option 'timeout'", np.listen, "x", {timeout = 1})
    refused("unknown option 'mode'", np.connect, "x", {mode = "byte"})
    refused("unknown option 'first'", np.open, "x", {first = true})
    refused("unknown option 'wait'", np.call, "x", "y", {wait = "server"})
    refused("unknown option '1'", np.create, "x", {"message"})
  end)

  it("of open are not those that wait", function()
    refused("unknown option 'timeout'", np.open, "x", {timeout = 1})
    refused("unknown option 'wait'", np.open, "x", {wait = "server"})
  end)

  it("tell what they may be", function()
    refused("option 'mode': one of 'byte' 'message' expected, got stream",
            np.create, "x", {mode = "stream"})
    refused("option 'access': one of 'inbound'", np.create, "x", {access = "rw"})
    refused("option 'access': one of 'r'", np.open, "x", {access = "duplex"})
    refused("option 'read_mode': one of", np.open, "x", {read_mode = true})
    refused("option 'wait': one of", np.connect, "x", {wait = 1})
    refused("option 'first': true or false", np.create, "x", {first = 1})
    refused("option 'spin': true or false", np.open, "x", {spin = 0})
    refused("option 'max_instances': a count", np.create, "x", {max_instances = "4"})
    refused("option 'in_quota': a count", np.create, "x", {in_quota = 1.5})
    refused("option 'out_quota': a count", np.create, "x", {out_quota = -1})
    refused("option 'timeout': seconds", np.connect, "x", {timeout = -1})
    refused("option 'timeout': seconds", np.connect, "x", {timeout = "1"})
    refused("option 'default_timeout': seconds", np.listen, "x",
            {default_timeout = 0 / 0})
  end)

  it("arrive in the core", function()
    local server = ends.keep(np.create(ends.name(), {
      mode = "message", read_mode = "byte", access = "duplex", max_instances = 7,
      in_quota = 1000, out_quota = 2000, default_timeout = 1, first = true,
      nowait = true, spin = false,
    }))
    assert.same({server_end = true, mode = "message", access = "duplex",
                 in_quota = 1000, out_quota = 2000, max_instances = 7},
                server:info())
    local state = server:state()
    assert.equal("byte", state.read_mode)
    assert.is_true(state.nowait)
    local client = ends.open(server, {access = "rw", read_mode = "message",
                                      nowait = true, spin = false})
    state = client:state()
    assert.equal("message", state.read_mode)
    assert.is_true(state.nowait)
  end)

  it("have the defaults of the core", function()
    assert.same({server_end = true, mode = "byte", access = "duplex",
                 in_quota = np.DEFAULT_QUOTA, out_quota = np.DEFAULT_QUOTA,
                 max_instances = np.UNLIMITED_INSTANCES}, ends.create():info())
  end)

  it("that contradict each other fail 87", function()
    local E = np.E
    ends.fails(E.INVALID_PARAMETER, np.create(ends.name(), {max_instances = 0}))
    ends.fails(E.INVALID_PARAMETER, np.create(ends.name(), {max_instances = 256}))
    ends.fails(E.INVALID_PARAMETER,
               np.create(ends.name(), {mode = "byte", read_mode = "message"}))
    local server = ends.create()
    ends.fails(E.INVALID_PARAMETER,
               np.open(server:path(), {read_mode = "message"}))
  end)
end)

describe("time-outs", function()
  it("are numbers, not negative and not NaN", function()
    local server = ends.create()
    refused("not negative", server.accept, server, -0.001)
    refused("not negative", server.accept, server, 0 / 0)
    refused("not negative", server.settimeout, server, -math.huge)
    refused("too large", server.accept, server, 1e9)
    refused("number expected", server.accept, server, {})
    refused("not negative", np.wait, "x", -1)
    refused("not negative", np.select, {}, -1)
  end)

  it("may be infinite", function()
    local server, client = ends.pair()
    client:send("x")
    assert.equal("x", server:recv(nil, math.huge))
  end)

  it("are those of settimeout where a call names none", function()
    local server, client = ends.pair()
    assert.equal(server, server:settimeout(0))
    ends.fails(np.E.TIMEOUT, server:recv())
    ends.fails(np.E.TIMEOUT, server:read("l"))
    client:send("x")
    ends.fails(np.E.TIMEOUT, client:settimeout(0.01):flush())
    assert.equal("x", server:settimeout(nil):recv())
  end)

  it("give way to those a call names", function()
    local server = ends.pair()
    server:settimeout(ends.LIMIT)
    ends.fails(np.E.TIMEOUT, server:recv(nil, 0))
  end)
end)
