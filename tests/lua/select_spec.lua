-- SPDX-License-Identifier: MIT
-- SPDX-FileCopyrightText: the namedpipe authors

local np = require "namedpipe"
local ends = require "tests.lua.ends"

local E <const> = np.E
local LIMIT <const> = ends.LIMIT

after_each(ends.close_all)

describe("select", function()
  it("gives those that are ready, in their order", function()
    local server_a, client_a = ends.messages()
    local server_b, client_b = ends.messages()
    local idle = ends.messages()
    client_b:send("b")
    assert.same({server_b}, np.select({idle, server_a, server_b}, LIMIT))
    client_a:send("")
    assert.same({server_a, server_b}, np.select({idle, server_a, server_b}, LIMIT))
  end)

  it("gives an empty table when the time is up", function()
    local server = ends.pair()
    assert.same({}, np.select({server}, 0))
    assert.same({}, np.select({server}, 0.01))
    assert.same({}, np.select({}, 0))
  end)

  it("gives an end whose conversation is over", function()
    local server, client = ends.pair()
    client:close()
    assert.same({server}, np.select({server}, LIMIT))
    ends.fails(E.BROKEN_PIPE, server:recv(nil, 0))
  end)

  it("gives a listening pipe and a server when a client is there", function()
    local pipe = ends.create()
    local server = ends.keep(np.listen(ends.name()))
    assert.same({}, np.select({pipe, server}, 0))
    ends.open(pipe)
    ends.keep(np.open(server:path()))
    assert.same({pipe, server}, np.select({pipe, server}, LIMIT))
    assert(pipe:accept(0))
    ends.keep(server:accept(0))
    assert.same({}, np.select({pipe, server}, 0))
  end)

  it("leaves a pipe alone whose put back bytes are all there is", function()
    local server, client = ends.pair()
    client:send("half a li")
    server:settimeout(0)
    ends.fails(E.TIMEOUT, server:read("l"))
    assert.same({}, np.select({server}, 0))
    client:send("ne\n")
    assert.same({server}, np.select({server}, LIMIT))
    assert.equal("half a line", server:read("l"))
  end)

  it("raises an error for what is no handle or a closed one", function()
    local closed = ends.create()
    closed:close()
    assert.error_matches(function() np.select({closed}) end, "closed pipe %(at 1%)")
    local server = ends.create()
    assert.error_matches(function() np.select({server, io.stdout}) end,
                         "pipe or server expected at 2")
    assert.error_matches(function() np.select(server) end, "table expected")
  end)

  it("serves several clients in one loop", function()
    local server = ends.keep(np.listen(ends.name(), {mode = "message"}))
    local clients, live, echoed = {}, {server}, 0
    local function step()
      local ready = assert(np.select(live, LIMIT))
      assert(#ready > 0, "nothing became ready")
      for _, handle in ipairs(ready) do
        if handle == server then
          live[#live + 1] = ends.keep(server:accept(0))
        else
          handle:send(assert(handle:recv(nil, 0)))
          echoed = echoed + 1
        end
      end
    end
    for i = 1, 3 do
      clients[i] = ends.keep(np.connect(server:path(), {timeout = LIMIT}))
      while #live == i do step() end
    end
    for i = 1, 3 do clients[i]:send("hello " .. i) end
    while echoed < 3 do step() end
    for i = 1, 3 do assert.equal("hello " .. i, clients[i]:recv(nil, LIMIT)) end
  end)
end)

describe("the descriptor", function()
  ends.on_linux(it, pending, "follows the protocols of event loops", function()
    local server = ends.keep(np.listen(ends.name()))
    local pipe = ends.create()
    for _, handle in ipairs {server, pipe} do
      assert.equal("integer", math.type(handle:getfd()))
      assert.equal(handle:getfd(), handle:pollfd())
      assert.equal("r", handle:events())
      assert.is_nil(handle:timeout())
    end
  end)

  local has_socket, socket = pcall(require, "socket")
  if not has_socket then
    pending("wakes a loop of luasocket's select")
    return
  end

  it("wakes a loop of luasocket's select", function()
    local server, client = ends.messages()
    server:settimeout(0)
    assert(server:getfd())
    ends.fails(E.TIMEOUT, server:recv())
    client:send("wake up")
    local ready = socket.select({server}, nil, LIMIT)
    assert.equal(server, ready[1])
    assert.equal("wake up", server:recv())
  end)
end)
