-- SPDX-License-Identifier: MIT
-- SPDX-FileCopyrightText: the namedpipe authors

local np = require "namedpipe"
local ends = require "tests.lua.ends"

local E <const> = np.E

after_each(ends.close_all)

describe("state", function()
  it("follows the instance (O4)", function()
    local server = ends.create()
    assert.equal("listening", server:state().state)
    local client = ends.open(server)
    assert.equal("connected", server:state().state)
    assert.equal("connected", client:state().state)
    client:close()
    assert.equal("closing", server:state().state)
    server:disconnect()
    assert.equal("disconnected", server:state().state)
  end)

  it("counts the instances of the pipe (S1)", function()
    local server = ends.create()
    assert.equal(1, server:state().instances)
    ends.keep(np.create(server:path()))
    assert.equal(2, server:state().instances)
  end)

  it("fails 233 on a client's end after a disconnect", function()
    local server, client = ends.pair()
    server:disconnect()
    ends.fails(E.PIPE_NOT_CONNECTED, client:state())
    ends.fails(E.PIPE_NOT_CONNECTED, client:info())
    ends.fails(E.PIPE_NOT_CONNECTED, client:peer())
    ends.fails(E.PIPE_NOT_CONNECTED, client:setmode("byte"))
  end)
end)

describe("setmode", function()
  local function mode(pipe)
    local state = assert(pipe:state())
    return {state.read_mode, state.nowait}
  end

  it("changes one mode and leaves the other (S2)", function()
    local server, client = ends.messages()
    assert.equal(client, client:setmode("byte"))
    assert.same({"byte", false}, mode(client))
    client:setmode(nil, true)
    assert.same({"byte", true}, mode(client))
    client:setmode("message")
    assert.same({"message", true}, mode(client))
    client:setmode("byte", false)
    assert.same({"byte", false}, mode(client))
    assert.same({"message", false}, mode(server))
  end)

  it("takes the bits as an integer", function()
    local _, client = ends.messages()
    client:setmode(np.READMODE_MESSAGE | np.NOWAIT)
    assert.same({"message", true}, mode(client))
    client:setmode(0)
    assert.same({"byte", false}, mode(client))
  end)

  it("fails 87 for message reads of a byte pipe and for other bits (S2)", function()
    local _, client = ends.pair()
    ends.fails(E.INVALID_PARAMETER, client:setmode("message"))
    ends.fails(E.INVALID_PARAMETER, client:setmode(4))
  end)

  it("raises errors for wrong arguments before anything changes", function()
    local _, client = ends.messages()
    assert.error_matches(function() client:setmode("stream") end, "invalid option")
    assert.error_matches(function() client:setmode("byte", 1) end, "boolean expected")
    assert.same({"message", false}, mode(client))
  end)
end)

describe("info", function()
  it("is the same on both ends, but for which end it is (S3)", function()
    local server, client = ends.messages({in_quota = 10, out_quota = 20,
                                          max_instances = 3})
    local expected = {server_end = true, mode = "message", access = "duplex",
                      in_quota = 10, out_quota = 20, max_instances = 3}
    assert.same(expected, server:info())
    expected.server_end = false
    assert.same(expected, client:info())
  end)

  it("names the direction", function()
    assert.equal("inbound", ends.create({access = "inbound"}):info().access)
    local server = ends.create({access = "outbound"})
    assert.equal("outbound", ends.open(server, {access = "r"}):info().access)
  end)

  it("and state are not for an outbound pipe's server (C13)", function()
    local server = ends.create({access = "outbound"})
    ends.fails(E.ACCESS_DENIED, server:info())
    ends.fails(E.ACCESS_DENIED, server:state())
    assert.equal("namedpipe: " .. server:path() .. " (server, outbound)",
                 tostring(server))
  end)
end)

describe("peer", function()
  it("is this process, when both ends are here (S4)", function()
    local server, client = ends.pair()
    for _, peer in ipairs {assert(server:peer()), assert(client:peer())} do
      assert.equal(ends.pid, peer.pid)
      assert.equal(ends.windows and "nil" or "number", type(peer.uid))
    end
    assert.same(server:peer(), client:peer())
  end)

  it("fails 1168 without a client", function()
    ends.fails(E.NOT_FOUND, ends.create():peer())
  end)
end)

describe("tostring", function()
  it("shows the name and the state of both ends", function()
    local server = ends.create()
    local path = server:path()
    assert.equal("namedpipe: " .. path .. " (server, listening)", tostring(server))
    local client = ends.open(server)
    assert.equal("namedpipe: " .. path .. " (server, connected)", tostring(server))
    assert.equal("namedpipe: " .. path .. " (client, connected)", tostring(client))
    server:disconnect()
    assert.equal("namedpipe: " .. path .. " (server, disconnected)", tostring(server))
    assert.equal("namedpipe: " .. path .. " (client, disconnected)", tostring(client))
    client:close()
    assert.equal("namedpipe (closed)", tostring(client))
  end)

  it("shows the name of a server", function()
    local server = ends.keep(np.listen(ends.name()))
    assert.equal("namedpipe server: " .. server:path(), tostring(server))
    server:close()
    assert.equal("namedpipe server (closed)", tostring(server))
  end)
end)
