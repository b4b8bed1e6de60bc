-- SPDX-License-Identifier: MIT
-- SPDX-FileCopyrightText: the namedpipe authors

local np = require "namedpipe"

local HEADERS <const> = "core/include/namedpipe/"

local function read_header(name)
  local file <close> = assert(io.open(HEADERS .. name))
  return file:read("a"):gsub("/%*.-%*/", "")
end

-- The X(NAME, VALUE ...) lines of one table of names.h.
local function names_of(macro)
  local body = read_header("names.h"):match("#define " .. macro .. "%(X%)(.-)\n\n")
    or read_header("names.h"):match("#define " .. macro .. "%(X%)(.-)#endif")
  local names = {}
  for name, value in body:gmatch("X%(([%u_]+),%s*(%w+)") do
    names[name] = math.tointeger(tonumber(value))
  end
  assert(next(names))
  return names
end

describe("the module", function()
  it("has each error code of the core in E and nothing else", function()
    assert.same(names_of("NP_ERRORS"), np.E)
    assert.equal(231, np.E.PIPE_BUSY)
  end)

  it("has each constant of the core and no other number", function()
    local constants = {}
    for name, value in pairs(np) do
      if type(value) == "number" then constants[name] = value end
    end
    assert.same(names_of("NP_CONSTANTS"), constants)
  end)

  it("has the functions of the contract and no other", function()
    local functions = {}
    for name, value in pairs(np) do
      if type(value) == "function" then functions[#functions + 1] = name end
    end
    table.sort(functions)
    assert.same({"call", "connect", "create", "exists", "listen", "names", "open",
                 "select", "type", "version", "wait"}, functions)
  end)

  it("tells its version", function()
    local version = read_header("version.h"):match('NP_VERSION "(.-)"')
    assert.equal(version, np.version())
    assert.equal("namedpipe " .. version, np._VERSION)
  end)

  it("sets no global", function()
    assert.is_nil(rawget(_G, "namedpipe"))
  end)

  it("can be loaded again", function()
    local path = assert(package.searchpath("namedpipe", package.cpath))
    local again = assert(package.loadlib(path, "luaopen_namedpipe"))()
    assert.same(np.E, again.E)
  end)

  it("knows the type of its objects only", function()
    assert.is_nil(np.type(1))
    assert.is_nil(np.type(io.stdout))
    assert.is_nil(np.type(nil))
    assert.has_error(function() np.type() end)
  end)
end)

describe("the annotations", function()
  local function declared(class)
    local names = {}
    local file <close> = assert(io.open("bindings/lua/library/namedpipe.lua"))
    for line in file:lines() do
      local name = line:match("^function " .. class .. "[:.]([%w_]+)%(")
      if name then names[name] = true end
    end
    return names
  end

  local function defined(table)
    local names = {}
    for name, value in pairs(table) do
      if type(value) == "function" then names[name] = true end
    end
    return names
  end

  it("declare what the module has", function()
    local registry = debug.getregistry()
    assert.same(defined(np), declared("np"))
    assert.same(defined(registry["namedpipe.pipe"].__index), declared("Pipe"))
    assert.same(defined(registry["namedpipe.server"].__index), declared("Server"))
  end)
end)
