/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The Lua versions this binding is built for. 5.5 changed nothing that is used
 * here; older ones lack user values, to-be-closed variables and integers. */

#ifndef LNP_COMPAT_H
#define LNP_COMPAT_H

#include "lua.h"

#include "lauxlib.h"

#if LUA_VERSION_NUM < 504 || LUA_VERSION_NUM > 505
#error "namedpipe needs Lua 5.4 or 5.5"
#endif

#endif
