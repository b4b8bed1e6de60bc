-- SPDX-License-Identifier: MIT
-- SPDX-FileCopyrightText: the namedpipe authors

local np = require "namedpipe"
local ends = require "tests.lua.ends"

local E <const> = np.E
local LIMIT <const> = ends.LIMIT

after_each(ends.close_all)

local function bytes(n)
  local block = {}
  for i = 1, 251 do block[i] = string.char(i - 1) end
  return table.concat(block):rep(n // 251 + 1):sub(1, n)
end

describe("send and recv", function()
  it("keep the bounds of messages (R3)", function()
    local server, client = ends.messages()
    for _, message in ipairs {"one", "", "three\0zero"} do
      assert.equal(#message, client:send(message))
    end
    for _, message in ipairs {"one", "", "three\0zero"} do
      assert.same({message}, {server:recv(nil, LIMIT)})
    end
  end)

  it("keep no bounds in byte mode (R2)", function()
    local server, client = ends.pair()
    client:send("one")
    client:send("two")
    assert.same({"onetwo"}, {server:recv(nil, LIMIT)})
  end)

  it("go both ways", function()
    local server, client = ends.messages()
    client:send("ping")
    server:send("pong")
    assert.equal("pong", client:recv(nil, LIMIT))
    assert.equal("ping", server:recv(nil, LIMIT))
  end)

  it("bring whole messages of every size around the buffers'", function()
    local size = 1 << 21
    local server, client = ends.messages({in_quota = size})
    for _, n in ipairs {1, 4095, 4096, 4097, 8192, 65535, 65536, 65537, 1 << 20} do
      local message = bytes(n)
      assert.equal(n, client:send(message, LIMIT))
      assert.is_true(message == server:recv(nil, LIMIT), n .. " bytes changed")
    end
  end)

  it("bring all bytes there are in byte mode, more than a buffer too", function()
    local server, client = ends.pair()
    local sent = bytes(10000)
    client:send(sent)
    assert.is_true(sent == server:recv(nil, LIMIT))
  end)

  it("an empty write does nothing in byte mode (WR1)", function()
    local server, client = ends.pair()
    assert.equal(0, client:send(""))
    ends.fails(E.TIMEOUT, server:recv(nil, 0))
  end)

  it("recv with a limit tells that the message goes on (R3)", function()
    local server, client = ends.messages()
    client:send("12345678")
    client:send("next")
    assert.same({"123", true}, {server:recv(3, LIMIT)})
    assert.same({"", true}, {server:recv(0, LIMIT)})
    assert.same({"45678", false}, {server:recv(5, LIMIT)})
    assert.same({"next", false}, {server:recv(100, LIMIT)})
  end)

  it("recv's result can be handed to send", function()
    local server, client = ends.messages()
    client:send("echo")
    assert.equal(4, server:send(server:recv(nil, LIMIT)))
    assert.equal("echo", client:recv(nil, LIMIT))
  end)

  it("recv without a limit gives the rest of a message", function()
    local server, client = ends.messages({in_quota = 100000})
    local sent = bytes(50000)
    client:send(sent)
    local part, more = server:recv(20000, LIMIT)
    assert.is_true(more)
    assert.is_true(sent == part .. server:recv(nil, LIMIT))
  end)

  it("recv with a limit in byte mode never says more", function()
    local server, client = ends.pair()
    client:send("12345678")
    assert.same({"123", false}, {server:recv(3, LIMIT)})
    assert.same({"45678", false}, {server:recv(100, LIMIT)})
  end)

  it("a message is read as bytes by an end in byte-read mode (R2)", function()
    local server, client = ends.pair({mode = "message", read_mode = "byte"})
    client:send("one")
    client:send("two")
    assert.same({"onetwo"}, {server:recv(nil, LIMIT)})
  end)

  it("time out with 258 and move nothing", function()
    local server, client = ends.messages({in_quota = 4})
    ends.fails(E.TIMEOUT, server:recv(nil, 0))
    assert.equal(3, client:send("123", LIMIT))
    ends.fails(E.TIMEOUT, client:send("4567", 0.01))
    assert.equal("123", server:recv(nil, LIMIT))
    ends.fails(E.TIMEOUT, server:recv(nil, 0))
  end)

  it("a send that is taken back tells what had been read of it", function()
    local _, client = ends.messages({in_quota = 4})
    local _, partial = ends.fails(E.TIMEOUT, client:send("12345", 0))
    assert.equal(0, partial)
  end)

  it("what was sent can be received after the end has closed (X2)", function()
    local server, client = ends.messages()
    client:send("last words")
    client:close()
    ends.fails(E.NO_DATA, server:send("too late"))
    assert.equal("last words", server:recv(nil, LIMIT))
    local message = ends.fails(E.BROKEN_PIPE, server:recv(nil, LIMIT))
    assert.equal(server:path() .. ": the other end of the pipe is closed", message)
  end)

  it("fail 536 before a client is there", function()
    local server = ends.create()
    ends.fails(E.PIPE_LISTENING, server:recv(nil, LIMIT))
    ends.fails(E.PIPE_LISTENING, server:send("x", LIMIT))
  end)

  it("a nowait end fails 232 when nothing is there (R1)", function()
    local server, client = ends.messages({in_quota = 4})
    server:setmode(nil, true)
    client:setmode(nil, true)
    ends.fails(E.NO_DATA, server:recv())
    assert.equal(4, client:send("1234"))
    assert.equal(0, client:send("5"))
    assert.equal("1234", server:recv())
  end)

  it("raise errors for wrong arguments", function()
    local server = ends.pair()
    assert.error_matches(function() server:recv(-1) end, "not be negative")
    assert.error_matches(function() server:recv(1 << 40) end, "too large")
    assert.error_matches(function() server:recv("all") end, "number expected")
    assert.error_matches(function() server:send() end, "string expected")
    assert.error_matches(function() np.create("x").recv(io.stdout) end,
                         "namedpipe.pipe expected")
  end)
end)

describe("peek", function()
  it("shows the first message and counts the rest (P2, P3, P4)", function()
    local server, client = ends.messages()
    client:send("12345")
    client:send("678")
    assert.same({"", 8, 5}, {server:peek()})
    assert.same({"123", 8, 2}, {server:peek(3)})
    assert.same({"12345", 8, 0}, {server:peek(100)})
    assert.equal("12345", server:recv(nil, LIMIT))
    assert.same({"678", 3, 0}, {server:peek(100)})
  end)

  it("shows bytes across writes, and nothing left of a message (P2)", function()
    local server, client = ends.pair()
    client:send("123")
    client:send("45")
    assert.same({"1234", 5, 0}, {server:peek(4)})
    assert.same({"12345", 5, 0}, {server:peek(100)})
  end)

  it("does not wait", function()
    local server = ends.messages()
    assert.same({"", 0, 0}, {server:peek(10)})
  end)

  it("fails 230 without a client and 109 at the end", function()
    local server = ends.create()
    ends.fails(E.BAD_PIPE, server:peek(1))
    local client = ends.open(server)
    client:close()
    ends.fails(E.BROKEN_PIPE, server:peek(1))
  end)
end)

describe("transact", function()
  -- The reply can be sent first only where nobody else is there to send it.
  it("fails 231 while there is unread data (TR2)", function()
    local server, client = ends.messages()
    server:send("early")
    ends.fails(E.PIPE_BUSY, client:transact("request", LIMIT))
    assert.equal("early", client:recv(nil, LIMIT))
  end)

  it("fails 231 while read() has put something back", function()
    local server, client = ends.messages()
    server:send("half a li")
    client:settimeout(0)
    ends.fails(E.TIMEOUT, client:read())
    ends.fails(E.PIPE_BUSY, client:transact("request", LIMIT))
    ends.fails(E.TIMEOUT, server:recv(nil, 0))
  end)

  it("fails 258 when no reply comes; the request stays sent (TR4)", function()
    local server, client = ends.messages()
    ends.fails(E.TIMEOUT, client:transact("request", 0))
    assert.equal("request", server:recv(nil, LIMIT))
  end)

  it("fails 230 on a byte pipe and on a byte-read end (TR1)", function()
    local _, client = ends.pair()
    ends.fails(E.BAD_PIPE, client:transact("request", LIMIT))
    client = ends.open(ends.create {mode = "message"})
    ends.fails(E.BAD_PIPE, client:transact("request", LIMIT))
  end)
end)

describe("flush", function()
  it("returns at once when nothing is unread (FL2)", function()
    local server, client = ends.messages()
    assert.equal(client, client:flush(LIMIT))
    client:send("x")
    server:recv(nil, LIMIT)
    assert.equal(client, client:flush(LIMIT))
  end)

  it("fails 258 while the other end has not read (FL1)", function()
    local _, client = ends.messages()
    client:send("x")
    ends.fails(E.TIMEOUT, client:flush(0.01))
  end)
end)
