/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

#include "lnp.h"

static lnp_server *check_server(lua_State *L)
{
    lnp_server *s = luaL_checkudata(L, 1, LNP_SERVER);

    if (s->server == NULL)
        luaL_error(L, "attempt to use a closed server");
    return s;
}

int lnp_listen(lua_State *L)
{
    const char *name = lnp_checkname(L, 1);
    np_server_opts opts;
    lnp_server *s;
    int err;

    lnp_optserver(L, 2, &opts);
    s = lua_newuserdatauv(L, sizeof *s, 0);
    s->server = NULL;
    luaL_setmetatable(L, LNP_SERVER);
    err = np_listen(name, &opts, &s->server);
    return err == NP_OK ? 1 : lnp_fail_name(L, name, err);
}

static int server_accept(lua_State *L)
{
    lnp_server *s = check_server(L);
    uint32_t ms = lnp_optms(L, 2, NP_INFINITE);
    lnp_pipe *p = lnp_newpipe(L, true);
    int err = np_server_accept(s->server, &p->pipe, ms);

    return err == NP_OK ? 1 : lnp_fail(L, np_server_path(s->server), err);
}

static int server_cancel(lua_State *L)
{
    lnp_server *s = check_server(L);

    return lnp_self(L, np_server_path(s->server), np_server_cancel(s->server));
}

/* Also __gc and __close, which may find the server closed already. */
static int server_release(lua_State *L)
{
    lnp_server *s = luaL_checkudata(L, 1, LNP_SERVER);
    np_server *server = s->server;

    s->server = NULL;
    np_server_close(server);
    return 0;
}

static int server_close(lua_State *L)
{
    check_server(L);
    server_release(L);
    lua_pushboolean(L, 1);
    return 1;
}

static int server_path(lua_State *L)
{
    lua_pushstring(L, np_server_path(check_server(L)->server));
    return 1;
}

static int server_getfd(lua_State *L)
{
    lnp_server *s = check_server(L);
    int fd = -1;
    int err = np_server_get_fd(s->server, &fd);

    if (err != NP_OK)
        return lnp_fail(L, np_server_path(s->server), err);
    lua_pushinteger(L, fd);
    return 1;
}

static int server_events(lua_State *L)
{
    lua_pushliteral(L, "r");
    return 1;
}

/* cqueues asks for a timer of the object's own; a server has none. */
static int server_timeout(lua_State *L)
{
    lua_pushnil(L);
    return 1;
}

static int server_tostring(lua_State *L)
{
    const lnp_server *s = luaL_checkudata(L, 1, LNP_SERVER);

    if (s->server == NULL)
        lua_pushliteral(L, "namedpipe server (closed)");
    else
        lua_pushfstring(L, "namedpipe server: %s", np_server_path(s->server));
    return 1;
}

static const luaL_Reg methods[] = {
    {"accept", server_accept},
    {"cancel", server_cancel},
    {"close", server_close},
    {"path", server_path},
    {"getfd", server_getfd},
    {"pollfd", server_getfd},
    {"events", server_events},
    {"timeout", server_timeout},
    {NULL, NULL},
};

static const luaL_Reg metamethods[] = {
    {"__gc", server_release},
    {"__close", server_release},
    {"__tostring", server_tostring},
    {NULL, NULL},
};

void lnp_openserver(lua_State *L)
{
    luaL_newmetatable(L, LNP_SERVER);
    luaL_setfuncs(L, metamethods, 0);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
}
