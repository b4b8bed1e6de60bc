/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

#include "lnp.h"

/* A canonical name has at most 256 UTF-16 units, thus 768 bytes. */
#define PATH_SIZE 800

/* Turn the detail on top of the stack into the three results. */
static int push_failure(lua_State *L, const char *path, int err)
{
    const char *detail = lua_tostring(L, -1);
    const char *text = np_strerror(err);

    if (*detail == '\0')
        lua_pushfstring(L, "%s: %s", path, text);
    else
        lua_pushfstring(L, "%s: %s: %s", path, text, detail);
    lua_remove(L, -2);
    luaL_pushfail(L);
    lua_insert(L, -2);
    lua_pushinteger(L, err);
    return 3;
}

int lnp_fail(lua_State *L, const char *path, int err)
{
    lua_pushstring(L, np_error_detail());
    return push_failure(L, path, err);
}

int lnp_fail_name(lua_State *L, const char *name, int err)
{
    char path[PATH_SIZE];

    lua_pushstring(L, np_error_detail());
    (void)np_full_name(name, path, sizeof path);
    return push_failure(L, path, err);
}

int lnp_refuse(lua_State *L, const char *path, int err, const char *detail)
{
    lua_pushstring(L, detail);
    return push_failure(L, path, err);
}

int lnp_self(lua_State *L, const char *path, int err)
{
    if (err != NP_OK)
        return lnp_fail(L, path, err);
    lua_pushvalue(L, 1);
    return 1;
}
