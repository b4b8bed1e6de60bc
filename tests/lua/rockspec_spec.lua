-- SPDX-License-Identifier: MIT
-- SPDX-FileCopyrightText: the namedpipe authors

local ends = require "tests.lua.ends"

local ROCKSPEC <const> = "bindings/lua/namedpipe-scm-1.rockspec"

describe("the rockspec", function()
  -- A rockspec cannot look into folders, so its list is held to them here.
  ends.on_linux(it, pending, "lists the C files there are", function()
    local listing <close> = assert(io.popen(
      "LC_ALL=C ls bindings/lua/*.c core/*.c core/pipe/*.c core/linux/*.c"))
    local there = {}
    for name in listing:lines() do there[#there + 1] = name end
    local rock = {}
    assert(loadfile(ROCKSPEC, "t", rock))()
    local listed = rock.build.modules.namedpipe.sources
    table.sort(listed)
    table.sort(there)
    assert.same(there, listed)
  end)
end)
