-- SPDX-License-Identifier: MIT
-- SPDX-FileCopyrightText: the namedpipe authors

std = "lua54"
max_line_length = 90

files["tests/lua"].std = "lua54+busted"
files["**/*.rockspec"].std = "rockspec"
-- Declarations for editors: functions without bodies.
files["bindings/lua/library"].ignore = {"212", "241"}
