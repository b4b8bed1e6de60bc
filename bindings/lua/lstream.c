/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* A pipe as an io stream. Message bounds mean nothing here.
 *
 * There is no read-ahead: a look at what is in front (np_peek) finds the end
 * of a line or of a number, and then just that much is taken. So recv, peek,
 * select and the descriptor see what is really unread, and may be mixed with
 * read at will. Only a read that fails half-way, as when its time is up, has
 * bytes that are nobody's: they become user value 1, "put back", and come
 * first in the next read, recv or peek. A slow writer's line is thus read by
 * calling read("l") again, and select stays quiet until more of it comes. */

#include "lnp.h"

#include <string.h>

#define WINDOW 1024
/* Bytes that "a" and long counts ask for at a time. */
#define CHUNK 8192
/* A longer numeral is none, as in Lua's io library. */
#define NUMERAL_MAX 200
/* Formats that lines() can keep as upvalues. */
#define FORMATS_MAX 250

typedef struct source {
    lua_State *L;
    lnp_pipe *p;
    int self; /* where the pipe is on the stack */
    int err;  /* why the last look or pull failed */
    size_t len;
    char window[WINDOW]; /* filled by look() */
} source;

/* --------------------------------------------------------------- put back */

static const char *push_back(lua_State *L, int self)
{
    lua_getiuservalue(L, self, 1);
    return lua_tostring(L, -1);
}

/* Make the string on top of the stack what is put back; pop it. */
static void set_back(lua_State *L, int self, lnp_pipe *p)
{
    p->back = lua_rawlen(L, -1);
    lua_setiuservalue(L, self, 1);
}

/* Push what is put back, cut to its first n bytes, which are then taken. */
static void take_back(lua_State *L, int self, lnp_pipe *p, size_t n)
{
    const char *bytes = push_back(L, self);
    size_t rest = p->back - n;

    lua_pushlstring(L, bytes, n);
    lua_pushlstring(L, bytes + n, rest);
    set_back(L, self, p);
    lua_remove(L, -2);
}

int lnp_recv_back(lua_State *L, lnp_pipe *p, size_t limit)
{
    take_back(L, 1, p, limit < p->back ? limit : p->back);
    lua_pushboolean(L, p->back > 0);
    return 2;
}

void lnp_peek_back(lua_State *L, size_t n)
{
    lua_pushlstring(L, push_back(L, 1), n);
    lua_remove(L, -2);
}

void lnp_drop_back(lua_State *L, lnp_pipe *p)
{
    p->back = 0;
    lua_pushnil(L);
    lua_setiuservalue(L, 1, 1);
}

/* -------------------------------------------------------- looking, taking */

static bool look_back(source *s)
{
    const char *bytes;

    if (s->p->back == 0)
        return false;
    s->len = s->p->back < WINDOW ? s->p->back : WINDOW;
    bytes = push_back(s->L, s->self);
    memcpy(s->window, bytes, s->len);
    lua_pop(s->L, 1);
    return true;
}

/* Have at least one byte in the window, waiting for it; false on failure. A
 * read of nothing waits, drops an empty message, and knows why it fails where
 * a look does not. */
static bool look(source *s)
{
    int unseen = NP_OK;

    if (look_back(s))
        return true;
    for (;;) {
        size_t none = 0;
        int before = unseen;
        unseen = np_peek(s->p->pipe, s->window, WINDOW, &s->len, NULL, NULL);
        if (unseen == NP_OK && s->len > 0)
            return true;
        s->err = np_read(s->p->pipe, s->window, 0, &none, s->p->timeout);
        if (s->err == NP_OK || s->err == NP_MORE_DATA)
            s->err = before != NP_OK ? unseen : NP_OK;
        if (s->err != NP_OK)
            return false;
    }
}

/* Take n bytes that a look has shown. False without an error: they are not in
 * front any more, since a writer that gives up takes its bytes back; what was
 * read instead is put back, and the caller must look again. */
static bool take(source *s, size_t n)
{
    char bytes[WINDOW];
    size_t got = 0;

    if (s->p->back > 0) {
        take_back(s->L, s->self, s->p, n);
        lua_pop(s->L, 1);
        return true;
    }
    s->err = np_read(s->p->pipe, bytes, n, &got, 0);
    if (s->err == NP_MORE_DATA || s->err == NP_TIMEOUT)
        s->err = NP_OK;
    if (s->err != NP_OK)
        return false;
    if (got == n && memcmp(bytes, s->window, n) == 0)
        return true;
    lua_pushlstring(s->L, bytes, got);
    set_back(s->L, s->self, s->p);
    return false;
}

/* Take what is there, at most n bytes, waiting for the first. */
static bool pull(source *s, char *to, size_t n, size_t *got_out)
{
    if (look_back(s)) {
        *got_out = s->len < n ? s->len : n;
        memcpy(to, s->window, *got_out);
        return take(s, *got_out);
    }
    s->err = np_read(s->p->pipe, to, n, got_out, s->p->timeout);
    if (s->err == NP_MORE_DATA)
        s->err = NP_OK;
    return s->err == NP_OK;
}

/* ---------------------------------------------------------------- formats */

/* The string on top of the stack is all that could be read. At the end of the
 * pipe it is the result, if it is not empty or may be; otherwise it is put
 * back and the result is nil. */
static bool cut_short(source *s, bool may_be_empty)
{
    bool ended = s->err == NP_BROKEN_PIPE;

    if (ended)
        s->err = NP_OK;
    if (ended && (may_be_empty || lua_rawlen(s->L, -1) > 0))
        return true;
    set_back(s->L, s->self, s->p);
    luaL_pushfail(s->L);
    return false;
}

static bool read_line(source *s, bool keep_newline)
{
    luaL_Buffer b;
    bool whole = false;

    luaL_buffinit(s->L, &b);
    while (!whole && s->err == NP_OK && look(s)) {
        const char *newline = memchr(s->window, '\n', s->len);
        size_t n = newline ? (size_t)(newline - s->window) + 1 : s->len;
        if (!take(s, n))
            continue;
        luaL_addlstring(&b, s->window, n);
        whole = newline != NULL;
    }
    if (whole && !keep_newline)
        luaL_buffsub(&b, 1);
    luaL_pushresult(&b);
    return whole || cut_short(s, false);
}

static bool read_bytes(source *s, size_t n)
{
    luaL_Buffer b;
    size_t got = 0;

    luaL_buffinit(s->L, &b);
    for (; n > 0; n -= got) {
        size_t chunk = n < CHUNK ? n : CHUNK;
        if (!pull(s, luaL_prepbuffsize(&b, chunk), chunk, &got))
            break;
        luaL_addsize(&b, got);
    }
    luaL_pushresult(&b);
    return n == 0 || cut_short(s, false);
}

static bool read_all(source *s)
{
    luaL_Buffer b;
    size_t got = 0;

    luaL_buffinit(s->L, &b);
    while (pull(s, luaL_prepbuffsize(&b, CHUNK), CHUNK, &got))
        luaL_addsize(&b, got);
    luaL_pushresult(&b);
    return cut_short(s, true);
}

/* A count of 0 asks whether there is more. */
static bool read_nothing(source *s)
{
    bool more = look(s);

    lua_pushliteral(s->L, "");
    return more || cut_short(s, false);
}

/* ---------------------------------------------------------------- numbers */

typedef struct numeral {
    source *s;
    size_t next;  /* in the window */
    size_t taken; /* of text, from earlier windows */
    size_t len;
    bool changed; /* the window was not what could be taken */
    char text[NUMERAL_MAX + 1];
} numeral;

/* Take what of the window was accepted. */
static bool take_scanned(numeral *t)
{
    bool taken = t->next == 0 || take(t->s, t->next);

    t->changed = !taken && t->s->err == NP_OK;
    if (taken)
        t->taken = t->len;
    t->next = t->s->len = 0;
    return taken;
}

/* The next character, or -1: the end, a failure, a changed window, or a
 * numeral that is too long. */
static int next_char(numeral *t)
{
    source *s = t->s;

    if (t->changed || s->err != NP_OK || t->len >= NUMERAL_MAX)
        return -1;
    if (t->next == s->len && (!take_scanned(t) || !look(s)))
        return -1;
    return (unsigned char)s->window[t->next];
}

static bool accept_one(numeral *t, const char *set)
{
    int c = next_char(t);

    if (c <= 0 || strchr(set, c) == NULL)
        return false;
    t->text[t->len++] = (char)c;
    t->next++;
    return true;
}

static size_t accept_digits(numeral *t, bool hex)
{
    size_t n = 0;

    while (accept_one(t, hex ? "0123456789abcdefABCDEF" : "0123456789"))
        n++;
    return n;
}

static void skip_space(numeral *t)
{
    int c;

    while ((c = next_char(t)) > 0 && strchr(" \t\n\v\f\r", c) != NULL)
        t->next++;
}

/* The longest prefix that looks like a Lua numeral. */
static void scan_numeral(numeral *t)
{
    bool hex = false;
    size_t digits = 0;

    skip_space(t);
    accept_one(t, "+-");
    if (accept_one(t, "0")) {
        hex = accept_one(t, "xX");
        digits = !hex;
    }
    digits += accept_digits(t, hex);
    if (accept_one(t, "."))
        digits += accept_digits(t, hex);
    if (digits > 0 && accept_one(t, hex ? "pP" : "eE")) {
        accept_one(t, "+-");
        accept_digits(t, false);
    }
}

/* Scan, and take what was scanned; false: it changed meanwhile and is put back
 * behind what had been taken before. */
static bool scan_and_take(numeral *t)
{
    lua_State *L = t->s->L;

    scan_numeral(t);
    if (!t->changed && t->s->err == NP_OK)
        take_scanned(t);
    if (!t->changed)
        return true;
    lua_pushlstring(L, t->text, t->taken);
    push_back(L, t->s->self);
    lua_concat(L, 2);
    set_back(L, t->s->self, t->s->p);
    return false;
}

static bool read_number(source *s)
{
    numeral t;

    do {
        t = (numeral){.s = s};
        s->len = 0;
    } while (!scan_and_take(&t));
    if (s->err == NP_BROKEN_PIPE)
        s->err = NP_OK;
    if (s->err != NP_OK) {
        lua_pushlstring(s->L, t.text, t.taken);
        return cut_short(s, false);
    }
    t.text[t.len < NUMERAL_MAX ? t.len : 0] = '\0';
    if (lua_stringtonumber(s->L, t.text) != 0)
        return true;
    luaL_pushfail(s->L);
    return false;
}

/* ------------------------------------------------------------------- read */

static bool read_format(source *s, int arg)
{
    const char *format;

    if (lua_type(s->L, arg) == LUA_TNUMBER) {
        size_t n = lnp_optsize(s->L, arg, 0);
        return n == 0 ? read_nothing(s) : read_bytes(s, n);
    }
    format = luaL_checkstring(s->L, arg);
    format += *format == '*';
    switch (*format) {
    case 'l': return read_line(s, false);
    case 'L': return read_line(s, true);
    case 'n': return read_number(s);
    case 'a': return read_all(s);
    default: return luaL_argerror(s->L, arg, "invalid format");
    }
}

/* Read by the formats from index 2 on, one line if there are none. Returns how
 * many results were pushed; *err_out tells that the last three are a failure's
 * nil, message and code. */
static int read_formats(lua_State *L, lnp_pipe *p, int *err_out)
{
    source s = {.L = L, .p = p, .self = 1};
    int arg, last;

    if (lua_gettop(L) == 1)
        lua_pushliteral(L, "l");
    last = lua_gettop(L);
    luaL_checkstack(L, last + LUA_MINSTACK, "too many formats");
    for (arg = 2; arg <= last; arg++)
        if (!read_format(&s, arg))
            break;
    *err_out = s.err;
    if (s.err != NP_OK) {
        lua_pop(L, 1);
        lnp_fail(L, np_path(p->pipe), s.err);
    }
    return lua_gettop(L) - last;
}

static int pipe_read(lua_State *L)
{
    int err;

    return read_formats(L, lnp_checkpipe(L, 1), &err);
}

static int next_line(lua_State *L)
{
    int formats = (int)lua_tointeger(L, lua_upvalueindex(2));
    int i, results, err;

    lua_settop(L, 0);
    luaL_checkstack(L, formats + LUA_MINSTACK, "too many formats");
    lua_pushvalue(L, lua_upvalueindex(1));
    for (i = 1; i <= formats; i++)
        lua_pushvalue(L, lua_upvalueindex(2 + i));
    results = read_formats(L, lnp_checkpipe(L, 1), &err);
    if (err != NP_OK)
        return luaL_error(L, "%s", lua_tostring(L, -2));
    return results;
}

static int pipe_lines(lua_State *L)
{
    int formats = lua_gettop(L) - 1;

    lnp_checkpipe(L, 1);
    luaL_argcheck(L, formats <= FORMATS_MAX, FORMATS_MAX + 2,
                  "too many formats");
    lua_pushinteger(L, formats);
    lua_insert(L, 2);
    lua_pushcclosure(L, next_line, 2 + formats);
    return 1;
}

/* ------------------------------------------------------------------ write */

/* All arguments are one write, so in message mode one message. */
static int pipe_write(lua_State *L)
{
    lnp_pipe *p = lnp_checkpipe(L, 1);
    int arg, last = lua_gettop(L);
    size_t n, put = 0;
    const char *s;
    int err;

    for (arg = 2; arg <= last; arg++)
        luaL_checkstring(L, arg);
    if (last > 1) {
        lua_concat(L, last - 1);
        s = lua_tolstring(L, 2, &n);
        err = np_write(p->pipe, s, n, &put, p->timeout);
        if (err == NP_OK && put < n)
            return lnp_refuse(L, np_path(p->pipe), NP_TIMEOUT,
                              "the nowait pipe has no room");
        return lnp_self(L, np_path(p->pipe), err);
    }
    lua_settop(L, 1);
    return 1;
}

static int pipe_setvbuf(lua_State *L)
{
    return luaL_error(L, "a pipe has no buffer to set: "
                         "each write is sent at once");
}

const luaL_Reg lnp_stream_methods[] = {
    {"read", pipe_read},       {"lines", pipe_lines}, {"write", pipe_write},
    {"setvbuf", pipe_setvbuf}, {NULL, NULL},
};
