/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

#include "lnp.h"

#include <string.h>

/* The reply that np.call makes room for when its caller does not say. */
#define CALL_ROOM 0x100000

enum kind { CHOICE, COUNT, SECONDS, FLAG, NO_FLAG };

typedef struct choice {
    const char *text;
    uint32_t value;
} choice;

/* One key of an option table and the uint32_t it sets. */
typedef struct option {
    const char *name;
    enum kind kind;
    size_t offset;
    const choice *choices; /* of a CHOICE, ended by a NULL text */
    uint32_t bit;          /* that true sets, or with NO_FLAG, false */
} option;

static const choice pipe_modes[] = {
    {"byte", NP_BYTE},
    {"message", NP_MESSAGE},
    {NULL, 0},
};
static const choice read_modes[] = {
    {"byte", NP_BYTE},
    {"message", NP_MESSAGE},
    {"default", NP_MODE_DEFAULT},
    {NULL, 0},
};
static const choice directions[] = {
    {"inbound", NP_INBOUND},
    {"outbound", NP_OUTBOUND},
    {"duplex", NP_DUPLEX},
    {NULL, 0},
};
static const choice client_access[] = {
    {"r", NP_READ}, {"w", NP_WRITE}, {"rw", NP_READ | NP_WRITE},
    {"", 0},        {NULL, 0},
};
static const choice waits[] = {
    {"instance", NP_WAIT_INSTANCE},
    {"server", NP_WAIT_SERVER},
    {NULL, 0},
};

#define AT_SERVER(field) offsetof(np_server_opts, field)
#define AT_CLIENT(field) offsetof(lnp_client_args, field)
#define AT_CALL(field) offsetof(lnp_call_args, field)

static const option server_options[] = {
    {"mode", CHOICE, AT_SERVER(mode), pipe_modes, 0},
    {"read_mode", CHOICE, AT_SERVER(read_mode), read_modes, 0},
    {"access", CHOICE, AT_SERVER(access), directions, 0},
    {"max_instances", COUNT, AT_SERVER(max_instances), NULL, 0},
    {"in_quota", COUNT, AT_SERVER(in_quota), NULL, 0},
    {"out_quota", COUNT, AT_SERVER(out_quota), NULL, 0},
    {"default_timeout", SECONDS, AT_SERVER(default_timeout), NULL, 0},
    {"first", FLAG, AT_SERVER(flags), NULL, NP_FLAG_FIRST},
    {"nowait", FLAG, AT_SERVER(flags), NULL, NP_FLAG_NOWAIT},
    {"spin", NO_FLAG, AT_SERVER(flags), NULL, NP_FLAG_NO_SPIN},
    {NULL, COUNT, 0, NULL, 0},
};

static const option connect_options[] = {
    {"timeout", SECONDS, AT_CLIENT(timeout), NULL, 0},
    {"wait", CHOICE, AT_CLIENT(opts.wait), waits, 0},
    {"access", CHOICE, AT_CLIENT(opts.access), client_access, 0},
    {"read_mode", CHOICE, AT_CLIENT(opts.read_mode), read_modes, 0},
    {"nowait", FLAG, AT_CLIENT(opts.flags), NULL, NP_FLAG_NOWAIT},
    {"spin", NO_FLAG, AT_CLIENT(opts.flags), NULL, NP_FLAG_NO_SPIN},
    {NULL, COUNT, 0, NULL, 0},
};

/* np.open never waits, so the first two are not for it. */
static const option *const open_options = connect_options + 2;

static const option call_options[] = {
    {"timeout", SECONDS, AT_CALL(timeout), NULL, 0},
    {"max", COUNT, AT_CALL(max), NULL, 0},
    {NULL, COUNT, 0, NULL, 0},
};

/* What is wrong with a time-out, or NULL. math.huge waits for ever. */
static const char *seconds_to_ms(lua_Number seconds, uint32_t *ms_out)
{
    lua_Number ms = seconds * 1000;
    uint32_t whole;

    if (!(ms >= 0))
        return "time-out must be a number of seconds, not negative";
    if (ms > 0 && ms == ms + ms) {
        *ms_out = NP_INFINITE;
        return NULL;
    }
    if (ms >= NP_USE_DEFAULT)
        return "time-out too large";
    whole = (uint32_t)ms;
    *ms_out = (lua_Number)whole < ms ? whole + 1 : whole;
    return NULL;
}

uint32_t lnp_optms(lua_State *L, int arg, uint32_t def)
{
    uint32_t ms = def;
    const char *wrong = NULL;

    if (!lua_isnoneornil(L, arg))
        wrong = seconds_to_ms(luaL_checknumber(L, arg), &ms);
    if (wrong != NULL)
        luaL_argerror(L, arg, wrong);
    return ms;
}

size_t lnp_optsize(lua_State *L, int arg, size_t def)
{
    lua_Integer n;

    if (lua_isnoneornil(L, arg))
        return def;
    n = luaL_checkinteger(L, arg);
    luaL_argcheck(L, n >= 0, arg, "size must not be negative");
    luaL_argcheck(L, n <= (lua_Integer)NP_MAX_MESSAGE, arg, "size too large");
    return (size_t)n;
}

const char *lnp_checkname(lua_State *L, int arg)
{
    size_t n;
    const char *name = luaL_checklstring(L, arg, &n);

    luaL_argcheck(L, strlen(name) == n, arg, "pipe name with a zero byte");
    return name;
}

static int bad_value(lua_State *L, int arg, const option *o, const char *want)
{
    const char *got = luaL_tolstring(L, -1, NULL);

    return luaL_argerror(L, arg,
                         lua_pushfstring(L, "option '%s': %s expected, got %s",
                                         o->name, want, got));
}

/* "'byte', 'message'": what a choice may be, for the message. */
static const char *list_choices(lua_State *L, const choice *c)
{
    luaL_Buffer b;

    luaL_buffinit(L, &b);
    luaL_addstring(&b, "one of");
    for (; c->text != NULL; c++) {
        luaL_addstring(&b, " '");
        luaL_addstring(&b, c->text);
        luaL_addchar(&b, '\'');
    }
    luaL_pushresult(&b);
    return lua_tostring(L, -1);
}

static uint32_t to_choice(lua_State *L, int arg, const option *o)
{
    const choice *c = o->choices;

    if (lua_type(L, -1) == LUA_TSTRING)
        for (; c->text != NULL; c++)
            if (strcmp(lua_tostring(L, -1), c->text) == 0)
                return c->value;
    list_choices(L, o->choices);
    lua_insert(L, -2);
    bad_value(L, arg, o, lua_tostring(L, -2));
    return 0;
}

static uint32_t to_count(lua_State *L, int arg, const option *o)
{
    int is_integer;
    lua_Integer n = lua_tointegerx(L, -1, &is_integer);

    if (!is_integer || lua_type(L, -1) != LUA_TNUMBER || n < 0 ||
        n > (lua_Integer)UINT32_MAX)
        bad_value(L, arg, o, "a count");
    return (uint32_t)n;
}

static uint32_t to_ms(lua_State *L, int arg, const option *o)
{
    uint32_t ms = 0;

    if (lua_type(L, -1) != LUA_TNUMBER ||
        seconds_to_ms(lua_tonumber(L, -1), &ms) != NULL)
        bad_value(L, arg, o, "seconds, not negative,");
    return ms;
}

static uint32_t to_flags(lua_State *L, int arg, const option *o, uint32_t old)
{
    int set;

    if (!lua_isboolean(L, -1))
        bad_value(L, arg, o, "true or false");
    set = lua_toboolean(L, -1) == (o->kind == FLAG);
    return set ? old | o->bit : old & ~o->bit;
}

/* Store the value on top of the stack where its option says. */
static void set_option(lua_State *L, int arg, const option *o, void *opts)
{
    char *at = (char *)opts + o->offset;
    uint32_t value;

    memcpy(&value, at, sizeof value);
    switch (o->kind) {
    case CHOICE: value = to_choice(L, arg, o); break;
    case COUNT: value = to_count(L, arg, o); break;
    case SECONDS: value = to_ms(L, arg, o); break;
    case FLAG:
    case NO_FLAG: value = to_flags(L, arg, o, value); break;
    }
    memcpy(at, &value, sizeof value);
}

static const option *find_option(lua_State *L, int arg, const option *o)
{
    const char *key;

    if (lua_type(L, -2) == LUA_TSTRING)
        for (key = lua_tostring(L, -2); o->name != NULL; o++)
            if (strcmp(o->name, key) == 0)
                return o;
    key = luaL_tolstring(L, -2, NULL);
    luaL_argerror(L, arg, lua_pushfstring(L, "unknown option '%s'", key));
    return NULL;
}

static void set_options(lua_State *L, int arg, const option *known, void *opts)
{
    if (lua_isnoneornil(L, arg))
        return;
    luaL_checktype(L, arg, LUA_TTABLE);
    lua_pushnil(L);
    while (lua_next(L, arg)) {
        set_option(L, arg, find_option(L, arg, known), opts);
        lua_pop(L, 1);
    }
}

void lnp_optserver(lua_State *L, int arg, np_server_opts *opts)
{
    *opts = (np_server_opts)NP_SERVER_OPTS_INIT;
    set_options(L, arg, server_options, opts);
}

static void client_defaults(lnp_client_args *args)
{
    args->opts = (np_client_opts)NP_CLIENT_OPTS_INIT;
    args->timeout = NP_INFINITE;
}

void lnp_optopen(lua_State *L, int arg, lnp_client_args *args)
{
    client_defaults(args);
    set_options(L, arg, open_options, args);
}

void lnp_optconnect(lua_State *L, int arg, lnp_client_args *args)
{
    client_defaults(args);
    set_options(L, arg, connect_options, args);
}

void lnp_optcall(lua_State *L, int arg, lnp_call_args *args)
{
    args->timeout = NP_INFINITE;
    args->max = CALL_ROOM;
    set_options(L, arg, call_options, args);
}
