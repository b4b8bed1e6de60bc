/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

#include "lnp.h"

static const char *state_name(uint32_t state)
{
    switch (state) {
    case NP_DISCONNECTED: return "disconnected";
    case NP_LISTENING: return "listening";
    case NP_CONNECTED: return "connected";
    case NP_CLOSING: return "closing";
    default: return "unknown";
    }
}

static const char *access_name(uint32_t access)
{
    switch (access) {
    case NP_INBOUND: return "inbound";
    case NP_OUTBOUND: return "outbound";
    default: return "duplex";
    }
}

static void set_string(lua_State *L, const char *key, const char *value)
{
    lua_pushstring(L, value);
    lua_setfield(L, -2, key);
}

static void set_integer(lua_State *L, const char *key, lua_Integer value)
{
    lua_pushinteger(L, value);
    lua_setfield(L, -2, key);
}

static void set_boolean(lua_State *L, const char *key, bool value)
{
    lua_pushboolean(L, value);
    lua_setfield(L, -2, key);
}

static int pipe_state(lua_State *L)
{
    lnp_pipe *p = lnp_checkpipe(L, 1);
    np_state state;
    int err = np_get_state(p->pipe, &state);

    if (err != NP_OK)
        return lnp_fail(L, np_path(p->pipe), err);
    lua_createtable(L, 0, 4);
    set_string(L, "state", state_name(state.state));
    set_string(L, "read_mode",
               state.mode & NP_READMODE_MESSAGE ? "message" : "byte");
    set_boolean(L, "nowait", (state.mode & NP_NOWAIT) != 0);
    set_integer(L, "instances", state.instances);
    return 1;
}

/* The mode bits of setmode(read_mode, nowait), nil leaving one as it is in
 * mode. */
static uint32_t mode_bits(lua_State *L, uint32_t mode)
{
    static const char *const names[] = {"byte", "message", NULL};

    if (!lua_isnoneornil(L, 2)) {
        mode &= ~(uint32_t)NP_READMODE_MESSAGE;
        if (luaL_checkoption(L, 2, NULL, names) == 1)
            mode |= NP_READMODE_MESSAGE;
    }
    if (!lua_isnoneornil(L, 3)) {
        luaL_checktype(L, 3, LUA_TBOOLEAN);
        mode &= ~(uint32_t)NP_NOWAIT;
        if (lua_toboolean(L, 3))
            mode |= NP_NOWAIT;
    }
    return mode;
}

static int pipe_setmode(lua_State *L)
{
    lnp_pipe *p = lnp_checkpipe(L, 1);
    np_state state;
    int err;

    if (lua_isinteger(L, 2)) {
        uint32_t bits = (uint32_t)lnp_optsize(L, 2, 0);
        return lnp_self(L, np_path(p->pipe), np_set_state(p->pipe, bits));
    }
    mode_bits(L, 0);
    err = np_get_state(p->pipe, &state);
    if (err == NP_OK)
        err = np_set_state(p->pipe, mode_bits(L, state.mode));
    return lnp_self(L, np_path(p->pipe), err);
}

static int pipe_info(lua_State *L)
{
    lnp_pipe *p = lnp_checkpipe(L, 1);
    np_info info;
    int err = np_get_info(p->pipe, &info);

    if (err != NP_OK)
        return lnp_fail(L, np_path(p->pipe), err);
    lua_createtable(L, 0, 6);
    set_boolean(L, "server_end", info.server_end != 0);
    set_string(L, "mode", info.mode == NP_MESSAGE ? "message" : "byte");
    set_string(L, "access", access_name(info.access));
    set_integer(L, "in_quota", info.in_quota);
    set_integer(L, "out_quota", info.out_quota);
    set_integer(L, "max_instances", info.max_instances);
    return 1;
}

/* Fields that are not known are absent. */
static int pipe_peer(lua_State *L)
{
    lnp_pipe *p = lnp_checkpipe(L, 1);
    np_peer peer;
    int err = np_get_peer(p->pipe, &peer);

    if (err != NP_OK)
        return lnp_fail(L, np_path(p->pipe), err);
    lua_createtable(L, 0, 3);
    if (peer.pid != 0)
        set_integer(L, "pid", peer.pid);
    if (peer.uid != UINT32_MAX)
        set_integer(L, "uid", peer.uid);
    if (peer.user[0] != '\0')
        set_string(L, "user", peer.user);
    return 1;
}

static int pipe_path(lua_State *L)
{
    lua_pushstring(L, np_path(lnp_checkpipe(L, 1)->pipe));
    return 1;
}

/* The state for tostring. It is not for the server's end of an outbound pipe to
 * ask, and a client's end has none after a disconnect. */
static const char *shown_state(np_pipe *pipe)
{
    np_state state;

    switch (np_get_state(pipe, &state)) {
    case NP_OK: return state_name(state.state);
    case NP_PIPE_NOT_CONNECTED: return "disconnected";
    case NP_ACCESS_DENIED: return "outbound";
    default: return "unusable";
    }
}

int lnp_tostring(lua_State *L)
{
    const lnp_pipe *p = luaL_checkudata(L, 1, LNP_PIPE);

    if (p->pipe == NULL)
        lua_pushliteral(L, "namedpipe (closed)");
    else
        lua_pushfstring(L, "namedpipe: %s (%s, %s)", np_path(p->pipe),
                        p->server ? "server" : "client", shown_state(p->pipe));
    return 1;
}

const luaL_Reg lnp_state_methods[] = {
    {"state", pipe_state}, {"setmode", pipe_setmode}, {"info", pipe_info},
    {"peer", pipe_peer},   {"path", pipe_path},       {NULL, NULL},
};
