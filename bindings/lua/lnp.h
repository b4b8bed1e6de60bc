/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* What the files of the Lua binding share.
 *
 * Ownership: a Lua object holds the one pointer to its core handle, NULL when
 * closed. It is made closed, then filled, so that a Lua error between the two
 * leaks nothing; for the same reason nothing that is not a Lua object is held
 * across a call into Lua.
 *
 *   lnamedpipe.c  the module: names, call, select, constants
 *   lpipe.c       Pipe: life, messages, event loops; the method table
 *   lstate.c      Pipe: state, modes, information, tostring
 *   lstream.c     Pipe as an io stream: read, lines, write
 *   lserver.c     Server
 *   loption.c     arguments: time-outs, sizes, option tables
 *   lresult.c     failures: nil, message, code */

#ifndef LNP_H
#define LNP_H

#include <stdbool.h>

#include "lnp_compat.h"
#include "namedpipe.h"

#define LNP_PIPE "namedpipe.pipe"
#define LNP_SERVER "namedpipe.server"

/* A received message up to this size needs no allocation but its string. */
#define LNP_SMALL 4096

typedef struct lnp_pipe {
    np_pipe *pipe;
    bool server;      /* which end it is */
    uint32_t timeout; /* of calls that name none, ms */
    size_t back;      /* length of what read() put back, see lstream.c */
} lnp_pipe;

typedef struct lnp_server {
    np_server *server;
} lnp_server;

/* ------------------------------------------------------------ lresult.c */

/* Push nil, "PATH: TEXT: DETAIL" and the code; return 3. The core's detail is
 * read first of all, as it lasts only until the next call of the core. */
int lnp_fail(lua_State *L, const char *path, int err);
/* The same with the canonical form of a name that may be none. */
int lnp_fail_name(lua_State *L, const char *name, int err);
/* The same for a failure that the binding itself found. */
int lnp_refuse(lua_State *L, const char *path, int err, const char *detail);
/* Return the object at index 1, or the failure of its core call. */
int lnp_self(lua_State *L, const char *path, int err);

/* ------------------------------------------------------------ loption.c */

typedef struct lnp_client_args {
    np_client_opts opts;
    uint32_t timeout;
} lnp_client_args;

typedef struct lnp_call_args {
    uint32_t timeout;
    uint32_t max;
} lnp_call_args;

/* Seconds at arg as milliseconds, rounded up; def where it is nil. */
uint32_t lnp_optms(lua_State *L, int arg, uint32_t def);
/* A byte count at arg; def where it is nil. */
size_t lnp_optsize(lua_State *L, int arg, size_t def);
/* A pipe name at arg: a string without zero bytes. */
const char *lnp_checkname(lua_State *L, int arg);
/* Option tables, nil meaning none. */
void lnp_optserver(lua_State *L, int arg, np_server_opts *opts);
void lnp_optopen(lua_State *L, int arg, lnp_client_args *args);
void lnp_optconnect(lua_State *L, int arg, lnp_client_args *args);
void lnp_optcall(lua_State *L, int arg, lnp_call_args *args);

/* -------------------------------------------------------------- lpipe.c */

void lnp_openpipe(lua_State *L); /* register the metatable */
/* Push a new, closed pipe. */
lnp_pipe *lnp_newpipe(lua_State *L, bool server);
/* The open pipe at arg, or an error. */
lnp_pipe *lnp_checkpipe(lua_State *L, int arg);

/* ------------------------------------------------------------- lstate.c */

extern const luaL_Reg lnp_state_methods[];
int lnp_tostring(lua_State *L);

/* ------------------------------------------------------------ lstream.c */

extern const luaL_Reg lnp_stream_methods[];
/* Push at most limit of the bytes that read() put back, and whether there are
 * more of them; return 2. */
int lnp_recv_back(lua_State *L, lnp_pipe *p, size_t limit);
/* Push at most n of them without taking them. */
void lnp_peek_back(lua_State *L, size_t n);
/* Forget them. */
void lnp_drop_back(lua_State *L, lnp_pipe *p);

/* ------------------------------------------------------------ lserver.c */

void lnp_openserver(lua_State *L); /* register the metatable */
int lnp_listen(lua_State *L);

#endif
