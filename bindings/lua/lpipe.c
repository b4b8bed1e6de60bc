/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

#include "lnp.h"

lnp_pipe *lnp_newpipe(lua_State *L, bool server)
{
    lnp_pipe *p = lua_newuserdatauv(L, sizeof *p, 1);

    p->pipe = NULL;
    p->server = server;
    p->timeout = NP_INFINITE;
    p->back = 0;
    luaL_setmetatable(L, LNP_PIPE);
    return p;
}

/* The metatable is the first upvalue of all methods: compared with that, a pipe
 * is known at once, without its type's name being looked up. */
static bool is_pipe(lua_State *L, int arg)
{
    bool same;

    if (lua_getmetatable(L, arg) == 0)
        return false;
    same = lua_rawequal(L, -1, lua_upvalueindex(1));
    lua_pop(L, 1);
    return same;
}

lnp_pipe *lnp_checkpipe(lua_State *L, int arg)
{
    lnp_pipe *p = is_pipe(L, arg) ? lua_touserdata(L, arg)
                                  : luaL_checkudata(L, arg, LNP_PIPE);

    if (p->pipe == NULL)
        luaL_error(L, "attempt to use a closed pipe");
    return p;
}

static int fail(lua_State *L, const lnp_pipe *p, int err)
{
    return lnp_fail(L, np_path(p->pipe), err);
}

/* ------------------------------------------------------------------- life */

static int pipe_accept(lua_State *L)
{
    lnp_pipe *p = lnp_checkpipe(L, 1);
    int err = np_accept(p->pipe, lnp_optms(L, 2, p->timeout));

    if (err == NP_PIPE_CONNECTED)
        err = NP_OK;
    return lnp_self(L, np_path(p->pipe), err);
}

static int pipe_disconnect(lua_State *L)
{
    lnp_pipe *p = lnp_checkpipe(L, 1);
    int err = np_disconnect(p->pipe);

    if (err == NP_OK)
        lnp_drop_back(L, p);
    return lnp_self(L, np_path(p->pipe), err);
}

static int pipe_cancel(lua_State *L)
{
    lnp_pipe *p = lnp_checkpipe(L, 1);

    return lnp_self(L, np_path(p->pipe), np_cancel(p->pipe));
}

/* Also __gc and __close, which may find the pipe closed already. */
static int pipe_release(lua_State *L)
{
    lnp_pipe *p = luaL_checkudata(L, 1, LNP_PIPE);
    np_pipe *pipe = p->pipe;

    p->pipe = NULL;
    np_close(pipe);
    return 0;
}

static int pipe_close(lua_State *L)
{
    lnp_checkpipe(L, 1);
    pipe_release(L);
    lua_pushboolean(L, 1);
    return 1;
}

/* --------------------------------------------------------------- messages */

/* Receive what is longer than the small buffer or than limit; need is what
 * the core said. Another length may be in front by the time of the next call
 * only if somebody else reads, hence the loop. */
static int receive_long(lua_State *L, lnp_pipe *p, size_t limit, size_t need,
                        uint32_t ms)
{
    luaL_Buffer b;
    int err;

    luaL_buffinit(L, &b);
    do {
        size_t room = limit < need ? limit : need;
        char *at = luaL_prepbuffsize(&b, room);
        err = room < need ? np_read(p->pipe, at, room, &need, ms)
                          : np_recv(p->pipe, at, room, &need, ms);
    } while (err == NP_INSUFFICIENT_BUFFER);
    if (err != NP_OK && err != NP_MORE_DATA)
        return fail(L, p, err);
    luaL_addsize(&b, need);
    luaL_pushresult(&b);
    lua_pushboolean(L, err == NP_MORE_DATA);
    return 2;
}

/* 1 result: a message that came whole. 2: what came, and whether there is more
 * of it. 3: a failure. */
static int receive(lua_State *L, lnp_pipe *p, size_t limit, uint32_t ms)
{
    char small[LNP_SMALL];
    size_t room = limit < sizeof small ? limit : sizeof small;
    size_t got = 0;
    int err = np_recv(p->pipe, small, room, &got, ms);

    if (err == NP_INSUFFICIENT_BUFFER)
        return receive_long(L, p, limit, got, ms);
    if (err != NP_OK)
        return fail(L, p, err);
    lua_pushlstring(L, small, got);
    return 1;
}

/* Only who has set a limit is told whether there is more: send(recv()) must
 * work. */
static int tell_more(lua_State *L, bool limited, int results)
{
    if (results == 1 && limited) {
        lua_pushboolean(L, 0);
        return 2;
    }
    if (results == 2 && !limited) {
        lua_pop(L, 1);
        return 1;
    }
    return results;
}

static int pipe_recv(lua_State *L)
{
    lnp_pipe *p = lnp_checkpipe(L, 1);
    bool limited = !lua_isnoneornil(L, 2);
    size_t limit = limited ? lnp_optsize(L, 2, 0) : NP_MAX_MESSAGE;
    uint32_t ms = lnp_optms(L, 3, p->timeout);

    return tell_more(L, limited,
                     p->back > 0 ? lnp_recv_back(L, p, limit)
                                 : receive(L, p, limit, ms));
}

static int pipe_send(lua_State *L)
{
    lnp_pipe *p = lnp_checkpipe(L, 1);
    size_t n, put = 0;
    const char *s = luaL_checklstring(L, 2, &n);
    uint32_t ms = lnp_optms(L, 3, p->timeout);
    int results = 0;
    int err = np_write(p->pipe, s, n, &put, ms);

    if (err != NP_OK)
        results = fail(L, p, err);
    lua_pushinteger(L, (lua_Integer)put);
    return results + 1;
}

/* The object layers call the rest of a message 0 on a byte pipe, where the
 * core mirrors Windows. */
static uint32_t left_in_message(lnp_pipe *p, uint32_t left)
{
    np_info info;

    if (np_get_info(p->pipe, &info) == NP_OK && info.mode == NP_BYTE)
        return 0;
    return left;
}

static int push_peek(lua_State *L, size_t avail, size_t left)
{
    lua_pushinteger(L, (lua_Integer)avail);
    lua_pushinteger(L, (lua_Integer)left);
    return 3;
}

static int pipe_peek(lua_State *L)
{
    lnp_pipe *p = lnp_checkpipe(L, 1);
    size_t n = lnp_optsize(L, 2, 0), got = 0, avail = 0;
    uint32_t left = 0;
    luaL_Buffer b;
    int err = np_peek(p->pipe, NULL, 0, NULL, &avail, &left);

    if (p->back > 0) {
        n = n < p->back ? n : p->back;
        lnp_peek_back(L, n);
        return push_peek(L, p->back + avail, p->back - n);
    }
    n = n < avail ? n : avail;
    luaL_buffinit(L, &b);
    if (err == NP_OK && n > 0)
        err = np_peek(p->pipe, luaL_prepbuffsize(&b, n), n, &got, &avail,
                      &left);
    if (err != NP_OK)
        return fail(L, p, err);
    luaL_addsize(&b, got);
    luaL_pushresult(&b);
    return push_peek(L, avail, left_in_message(p, left));
}

/* The reply's beginning is on the stack: add the rest of it, up to limit. The
 * rest is there already, so this does not wait. */
static int rest_of_reply(lua_State *L, lnp_pipe *p, size_t limit, uint32_t ms)
{
    int results = tell_more(L, true, receive(L, p, limit, ms));

    if (results != 2)
        return results;
    lua_insert(L, -3);
    lua_concat(L, 2);
    lua_insert(L, -2);
    return 2;
}

static int pipe_transact(lua_State *L)
{
    lnp_pipe *p = lnp_checkpipe(L, 1);
    size_t n, got = 0;
    const char *s = luaL_checklstring(L, 2, &n);
    uint32_t ms = lnp_optms(L, 3, p->timeout);
    size_t limit = lnp_optsize(L, 4, NP_MAX_MESSAGE);
    bool limited = !lua_isnoneornil(L, 4);
    char small[LNP_SMALL];
    size_t room = limit < sizeof small ? limit : sizeof small;
    int err;

    if (p->back > 0)
        return lnp_refuse(L, np_path(p->pipe), NP_PIPE_BUSY,
                          "bytes that read() put back are unread");
    err = np_transact(p->pipe, s, n, small, room, &got, ms);
    if (err != NP_OK && err != NP_MORE_DATA)
        return fail(L, p, err);
    lua_pushlstring(L, small, got);
    if (err == NP_MORE_DATA && got < limit)
        return tell_more(L, limited, rest_of_reply(L, p, limit - got, ms));
    lua_pushboolean(L, err == NP_MORE_DATA);
    return tell_more(L, limited, 2);
}

static int pipe_flush(lua_State *L)
{
    lnp_pipe *p = lnp_checkpipe(L, 1);

    return lnp_self(L, np_path(p->pipe),
                    np_flush(p->pipe, lnp_optms(L, 2, p->timeout)));
}

static int pipe_settimeout(lua_State *L)
{
    lnp_pipe *p = lnp_checkpipe(L, 1);

    p->timeout = lnp_optms(L, 2, NP_INFINITE);
    lua_settop(L, 1);
    return 1;
}

/* ------------------------------------------------------------ event loops */

static int pipe_getfd(lua_State *L)
{
    lnp_pipe *p = lnp_checkpipe(L, 1);
    int fd = -1;
    int err = np_get_fd(p->pipe, &fd);

    if (err != NP_OK)
        return fail(L, p, err);
    lua_pushinteger(L, fd);
    return 1;
}

/* The descriptor announces room for a write by becoming readable too. */
static int pipe_events(lua_State *L)
{
    lua_pushliteral(L, "r");
    return 1;
}

/* cqueues asks for a timer of the object's own; a pipe has none. */
static int pipe_timeout(lua_State *L)
{
    lua_pushnil(L);
    return 1;
}

/* -------------------------------------------------------------- metatable */

static const luaL_Reg methods[] = {
    {"accept", pipe_accept},
    {"disconnect", pipe_disconnect},
    {"cancel", pipe_cancel},
    {"close", pipe_close},
    {"recv", pipe_recv},
    {"send", pipe_send},
    {"peek", pipe_peek},
    {"transact", pipe_transact},
    {"flush", pipe_flush},
    {"settimeout", pipe_settimeout},
    {"getfd", pipe_getfd},
    {"pollfd", pipe_getfd},
    {"events", pipe_events},
    {"timeout", pipe_timeout},
    {NULL, NULL},
};

static const luaL_Reg metamethods[] = {
    {"__gc", pipe_release},
    {"__close", pipe_release},
    {"__tostring", lnp_tostring},
    {NULL, NULL},
};

/* To the table on top, below which is the metatable. */
static void add_methods(lua_State *L, const luaL_Reg *list)
{
    lua_pushvalue(L, -2);
    luaL_setfuncs(L, list, 1);
}

void lnp_openpipe(lua_State *L)
{
    luaL_newmetatable(L, LNP_PIPE);
    luaL_setfuncs(L, metamethods, 0);
    lua_newtable(L);
    add_methods(L, methods);
    add_methods(L, lnp_state_methods);
    add_methods(L, lnp_stream_methods);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
}
