-- SPDX-License-Identifier: MIT
-- SPDX-FileCopyrightText: the namedpipe authors

local np = require "namedpipe"
local ends = require "tests.lua.ends"

local E <const> = np.E
local LIMIT <const> = ends.LIMIT

after_each(ends.close_all)

-- An end from which text can be read; by one write, or by each of several.
local function containing(options, ...)
  local server, client = ends.pair(options)
  for _, text in ipairs {...} do client:send(text, LIMIT) end
  return server:settimeout(LIMIT), client
end

local function ended(options, ...)
  local server, client = containing(options, ...)
  client:close()
  return server
end

for _, mode in ipairs {"byte", "message"} do
  local options = {mode = mode}

  describe("read in " .. mode .. " mode", function()
    it("gives lines with and without their ends", function()
      local pipe = ended(options, "one\n\nthree\n", "fo", "ur")
      assert.equal("one", pipe:read())
      assert.equal("", pipe:read("l"))
      assert.equal("three\n", pipe:read("L"))
      assert.equal("four", pipe:read("*l"))
      assert.same({n = 1}, table.pack(pipe:read("l")))
    end)

    it("takes lines that are longer than its look ahead", function()
      local long = ("x"):rep(5000)
      local pipe = ended(options, long .. "\n" .. long, "y\n")
      assert.equal(long, pipe:read("l"))
      assert.equal(long .. "y", pipe:read("l"))
      assert.is_nil(pipe:read("l"))
    end)

    it("gives counts across writes, and what is left at the end", function()
      local pipe = ended(options, "123", "45", "", "678")
      assert.equal("1234", pipe:read(4))
      assert.equal("", pipe:read(0))
      assert.equal("5678", pipe:read(100))
      assert.is_nil(pipe:read(100))
      assert.is_nil(pipe:read(0))
    end)

    it("gives everything, also nothing", function()
      local text = ("text "):rep(5000)
      local pipe = ended(options, text, "", "more")
      assert.is_true(text .. "more" == pipe:read("a"))
      assert.equal("", pipe:read("a"))
    end)

    it("gives numbers as Lua writes them", function()
      local pipe = ended(options, "  12 -3.5e2\n0x1F 0x.8p", "1 +7x .5 1e+2")
      assert.same({12, -350.0, 31, 1.0, 7}, {pipe:read("n", "n", "n", "n", "n")})
      assert.equal("integer", math.type(12))
      assert.equal("x", pipe:read(1))
      assert.same({.5, 100.0}, {pipe:read("n", "n")})
      assert.is_nil(pipe:read("n"))
    end)

    it("gives nil for what is no number", function()
      local pipe = ended(options, "nothing 5 " .. ("9"):rep(300) .. " --1 1e")
      assert.same({n = 1}, table.pack(pipe:read("n", "n")))
      assert.equal("nothing", pipe:read(7))
      assert.equal(5, pipe:read("n"))
      assert.is_nil(pipe:read("n"))
      assert.is_string(pipe:read(100))
      assert.is_nil(pipe:read("n"))
      assert.equal("-1", pipe:read(2))
      assert.is_nil(pipe:read("n"))
      assert.is_nil(pipe:read("n"))
    end)

    it("gives one result for each format up to the first failure", function()
      local pipe = ended(options, "line\n42 rest")
      assert.same({n = 5, "line", 42, " re", "st", nil},
                  table.pack(pipe:read("l", "n", 3, "l", "l", "l")))
    end)

    it("puts back what a failed read had taken", function()
      local pipe, client = containing(options, "half a ", "li")
      pipe:settimeout(0)
      for _ = 1, 2 do
        for _, format in ipairs {"l", "L", "a", 100} do
          ends.fails(E.TIMEOUT, pipe:read(format))
        end
      end
      assert.same({"half", 9, 5}, {pipe:peek(4)})
      client:send("ne\nrest")
      assert.equal("half a line", pipe:read("l"))
      assert.equal("rest", pipe:recv())
    end)

    it("puts back a numeral whose end has not come", function()
      local pipe, client = containing(options, " 12", "34")
      pipe:settimeout(0)
      ends.fails(E.TIMEOUT, pipe:read("n"))
      ends.fails(E.TIMEOUT, pipe:read("n"))
      client:send("56,")
      assert.equal(123456, pipe:read("n"))
      assert.equal(",", pipe:recv())
    end)

    it("gives earlier results before a failure", function()
      local pipe = containing(options, "line\nhal")
      pipe:settimeout(0)
      local line, none, message, code = pipe:read("l", "l")
      assert.equal("line", line)
      assert.is_nil(none)
      assert.is_string(message)
      assert.equal(E.TIMEOUT, code)
      assert.equal("hal", pipe:recv())
    end)

    it("leaves the rest to recv, in parts too", function()
      local pipe = containing(options, "line\n123456")
      assert.equal("line", pipe:read("l"))
      assert.equal("123", (pipe:recv(3)))
      assert.equal("456", (pipe:recv()))
      pipe:settimeout(0)
      ends.fails(E.TIMEOUT, pipe:recv())
    end)

    it("leaves put back bytes to recv, in parts too", function()
      local pipe = containing(options, "123456")
      pipe:settimeout(0)
      ends.fails(E.TIMEOUT, pipe:read("l"))
      assert.same({"123", true}, {pipe:recv(3)})
      assert.same({"456", false}, {pipe:recv(3)})
      ends.fails(E.TIMEOUT, pipe:recv())
    end)

    it("raises an error for a format that is none", function()
      local pipe = ended(options, "x")
      assert.error_matches(function() pipe:read("x") end, "invalid format")
      assert.error_matches(function() pipe:read({}) end, "string expected")
      assert.error_matches(function() pipe:read(-1) end, "negative")
    end)

    it("fails as recv does where there is no client", function()
      ends.fails(E.PIPE_LISTENING, ends.create(options):read("l"))
      local server, client = ends.pair(options)
      server:disconnect()
      ends.fails(E.PIPE_NOT_CONNECTED, client:read("a"))
    end)
  end)

  describe("lines in " .. mode .. " mode", function()
    it("go on to the end of the pipe", function()
      local lines = {}
      for line in ended(options, "a\nb\n", "", "c"):lines() do
        lines[#lines + 1] = line
      end
      assert.same({"a", "b", "c"}, lines)
    end)

    it("take formats", function()
      local sums = {}
      for a, b in ended(options, "1 2\n3 4\n"):lines("n", "n") do
        sums[#sums + 1] = a + b
      end
      assert.same({3, 7}, sums)
    end)

    it("raise an error when a read fails", function()
      local pipe = containing(options, "one\ntw")
      pipe:settimeout(0)
      local next_line = pipe:lines()
      assert.equal("one", next_line())
      assert.error_matches(next_line, "timed out")
      assert.equal("tw", pipe:recv())
    end)

    it("raise an error when the pipe was closed", function()
      local pipe = containing(options, "one\n")
      local next_line = pipe:lines()
      pipe:close()
      assert.error_matches(next_line, "closed pipe")
    end)
  end)
end

describe("lines", function()
  it("refuse more formats than a closure can keep", function()
    local pipe = ends.create()
    local many = {}
    for i = 1, 251 do many[i] = "l" end
    assert.error_matches(function() pipe:lines(table.unpack(many)) end,
                         "too many formats")
  end)
end)

describe("write", function()
  it("joins its arguments to one message", function()
    local server, client = ends.messages()
    assert.equal(client, client:write("a", 1, "\n", 2.5))
    assert.equal("a1\n2.5", server:recv(nil, LIMIT))
  end)

  it("can be followed by flush", function()
    local server, client = ends.pair()
    server:settimeout(LIMIT)
    client:settimeout(LIMIT)
    client:write("a")
    assert.equal("a", server:read(1))
    assert.equal(client, client:write():flush())
  end)

  it("sends an empty message only when asked to", function()
    local server, client = ends.messages()
    assert.equal(client, client:write())
    ends.fails(E.TIMEOUT, server:recv(nil, 0))
    client:write("")
    assert.equal("", server:recv(nil, LIMIT))
  end)

  it("fails 258 when the time is up, and on a full nowait pipe", function()
    local server, client = ends.messages({in_quota = 4})
    client:settimeout(0)
    assert(client:write("1234"))
    ends.fails(E.TIMEOUT, client:write("5"))
    client:setmode(nil, true)
    ends.fails(E.TIMEOUT, client:write("5"))
    assert.equal("1234", server:recv(nil, LIMIT))
  end)

  it("raises an error for what is no string", function()
    local _, client = ends.pair()
    assert.error_matches(function() client:write("a", {}) end, "string expected")
  end)

  it("has no buffer that could be set", function()
    local server = ends.create()
    assert.error_matches(function() server:setvbuf("no") end, "no buffer")
  end)
end)
