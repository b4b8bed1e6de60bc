/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The module: what needs a name rather than an object, and the constants. */

#include "lnp.h"

#include <string.h>

#define NAME_LIST "namedpipe.namelist"

/* ------------------------------------------------------------------ pipes */

static int m_create(lua_State *L)
{
    const char *name = lnp_checkname(L, 1);
    np_server_opts opts;
    lnp_pipe *p;
    int err;

    lnp_optserver(L, 2, &opts);
    p = lnp_newpipe(L, true);
    err = np_create(name, &opts, &p->pipe);
    return err == NP_OK ? 1 : lnp_fail_name(L, name, err);
}

static int m_open(lua_State *L)
{
    const char *name = lnp_checkname(L, 1);
    lnp_client_args args;
    lnp_pipe *p;
    int err;

    lnp_optopen(L, 2, &args);
    p = lnp_newpipe(L, false);
    err = np_open(name, &args.opts, &p->pipe);
    return err == NP_OK ? 1 : lnp_fail_name(L, name, err);
}

static int m_connect(lua_State *L)
{
    const char *name = lnp_checkname(L, 1);
    lnp_client_args args;
    lnp_pipe *p;
    int err;

    lnp_optconnect(L, 2, &args);
    p = lnp_newpipe(L, false);
    err = np_connect(name, &args.opts, &p->pipe, args.timeout);
    return err == NP_OK ? 1 : lnp_fail_name(L, name, err);
}

static int m_call(lua_State *L)
{
    const char *name = lnp_checkname(L, 1);
    size_t n, got = 0;
    const char *s = luaL_checklstring(L, 2, &n);
    lnp_call_args args;
    luaL_Buffer b;
    char *to;
    int err;

    lnp_optcall(L, 3, &args);
    to = luaL_buffinitsize(L, &b, args.max);
    err = np_call(name, s, n, to, args.max, &got, args.timeout);
    if (err != NP_OK && err != NP_MORE_DATA)
        return lnp_fail_name(L, name, err);
    luaL_pushresultsize(&b, got);
    lua_pushboolean(L, err == NP_MORE_DATA);
    return 2;
}

/* ------------------------------------------------------------------ names */

static int m_wait(lua_State *L)
{
    const char *name = lnp_checkname(L, 1);
    uint32_t ms = NP_USE_DEFAULT;
    int err;

    if (lua_type(L, 2) != LUA_TSTRING || strcmp(lua_tostring(L, 2), "default"))
        ms = lnp_optms(L, 2, NP_INFINITE);
    err = np_wait(name, ms);
    if (err != NP_OK)
        return lnp_fail_name(L, name, err);
    lua_pushboolean(L, 1);
    return 1;
}

static int m_exists(lua_State *L)
{
    const char *name = lnp_checkname(L, 1);
    int err = np_exists(name);

    if (err != NP_OK && err != NP_FILE_NOT_FOUND)
        return lnp_fail_name(L, name, err);
    lua_pushboolean(L, err == NP_OK);
    return 1;
}

/* The list belongs to a Lua object while strings are made of it, as making
 * them may fail. */
static int free_names(lua_State *L)
{
    char **list = luaL_checkudata(L, 1, NAME_LIST);

    np_free(*list);
    *list = NULL;
    return 0;
}

static int m_names(lua_State *L)
{
    const char *pattern = luaL_optstring(L, 1, "*");
    char **list = lua_newuserdatauv(L, sizeof *list, 0);
    lua_Integer i = 0;
    const char *name;
    int err;

    *list = NULL;
    luaL_setmetatable(L, NAME_LIST);
    err = np_names(pattern, list);
    if (err != NP_OK)
        return lnp_fail_name(L, pattern, err);
    lua_newtable(L);
    for (name = *list; *name != '\0'; name += strlen(name) + 1) {
        lua_pushstring(L, name);
        lua_rawseti(L, -2, ++i);
    }
    np_free(*list);
    *list = NULL;
    return 1;
}

/* ----------------------------------------------------------------- select */

/* The handle on top of the stack, popped. */
static np_select_item to_item(lua_State *L, lua_Integer i)
{
    const lnp_pipe *p = luaL_testudata(L, -1, LNP_PIPE);
    const lnp_server *s = luaL_testudata(L, -1, LNP_SERVER);
    np_select_item item = {p ? p->pipe : NULL, s ? s->server : NULL, 0};

    if (p == NULL && s == NULL)
        luaL_argerror(L, 1,
                      lua_pushfstring(L,
                                      "pipe or server expected at %I, got %s",
                                      (LUAI_UACINT)i, luaL_typename(L, -1)));
    if (item.pipe == NULL && item.server == NULL)
        luaL_error(L, "attempt to use a closed %s (at %I)",
                   p ? "pipe" : "server", (LUAI_UACINT)i);
    lua_pop(L, 1);
    return item;
}

static int push_ready(lua_State *L, const np_select_item *items, size_t n)
{
    lua_Integer ready = 0;
    size_t i;

    lua_newtable(L);
    for (i = 0; i < n; i++) {
        if (!items[i].ready)
            continue;
        lua_rawgeti(L, 1, (lua_Integer)i + 1);
        lua_rawseti(L, -2, ++ready);
    }
    return 1;
}

static int m_select(lua_State *L)
{
    uint32_t ms = lnp_optms(L, 2, NP_INFINITE);
    np_select_item *items;
    size_t i, n;
    int err;

    luaL_checktype(L, 1, LUA_TTABLE);
    n = lua_rawlen(L, 1);
    items = lua_newuserdatauv(L, (n + 1) * sizeof *items, 0);
    for (i = 0; i < n; i++) {
        lua_rawgeti(L, 1, (lua_Integer)i + 1);
        items[i] = to_item(L, (lua_Integer)i + 1);
    }
    err = np_select(items, n, NULL, ms);
    if (err == NP_TIMEOUT)
        return push_ready(L, items, 0);
    if (err != NP_OK)
        return lnp_fail(L, "select", err);
    return push_ready(L, items, n);
}

/* ----------------------------------------------------------------- module */

static int m_type(lua_State *L)
{
    const lnp_pipe *p = luaL_testudata(L, 1, LNP_PIPE);
    const lnp_server *s = luaL_testudata(L, 1, LNP_SERVER);

    luaL_checkany(L, 1);
    if (p != NULL)
        lua_pushstring(L, p->pipe != NULL ? "pipe" : "closed pipe");
    else if (s != NULL)
        lua_pushstring(L, s->server != NULL ? "server" : "closed server");
    else
        luaL_pushfail(L);
    return 1;
}

static int m_version(lua_State *L)
{
    lua_pushstring(L, np_version());
    return 1;
}

static const luaL_Reg functions[] = {
    {"create", m_create}, {"open", m_open},       {"connect", m_connect},
    {"call", m_call},     {"listen", lnp_listen}, {"wait", m_wait},
    {"exists", m_exists}, {"names", m_names},     {"select", m_select},
    {"type", m_type},     {"version", m_version}, {NULL, NULL},
};

typedef struct constant {
    const char *name;
    lua_Integer value;
} constant;

static const constant errors[] = {
#define LNP_X(name, code, errno_name, class, text) {#name, code},
    NP_ERRORS(LNP_X)
#undef LNP_X
};

static const constant constants[] = {
#define LNP_X(name, value) {#name, value},
    NP_CONSTANTS(LNP_X)
#undef LNP_X
};

/* Set them as fields of the table on top of the stack. */
static void set_constants(lua_State *L, const constant *c, size_t n)
{
    for (; n > 0; n--, c++) {
        lua_pushinteger(L, c->value);
        lua_setfield(L, -2, c->name);
    }
}

static void open_name_list(lua_State *L)
{
    luaL_newmetatable(L, NAME_LIST);
    lua_pushcfunction(L, free_names);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
}

NP_API int luaopen_namedpipe(lua_State *L);

int luaopen_namedpipe(lua_State *L)
{
    lnp_openpipe(L);
    lnp_openserver(L);
    open_name_list(L);
    luaL_newlib(L, functions);
    set_constants(L, constants, sizeof constants / sizeof constants[0]);
    lua_newtable(L);
    set_constants(L, errors, sizeof errors / sizeof errors[0]);
    lua_setfield(L, -2, "E");
    lua_pushfstring(L, "namedpipe %s", np_version());
    lua_setfield(L, -2, "_VERSION");
    return 1;
}
