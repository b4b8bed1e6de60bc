/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Two connected ends in one process, and a look at who waits on them. */

#ifndef PAIR_H
#define PAIR_H

#include <sched.h>

#include "check.h"
#include "linux/npx.h"

struct pair {
    np_pipe *server, *client;
};

/* Without its ends a test cannot go on. */
static inline void pair_must(int code, const char *what)
{
    if (code) {
        fprintf(stderr, "%s: %s: %d %s (%s)\n", check_test, what, code,
                np_strerror(code), np_error_detail());
        abort();
    }
}

static inline np_server_opts pair_opts(uint32_t mode, uint32_t quota)
{
    np_server_opts opts = NP_SERVER_OPTS_INIT;
    opts.mode = mode;
    opts.in_quota = opts.out_quota = quota;
    return opts;
}

static inline np_pipe *pair_client(const char *name, uint32_t read_mode)
{
    np_pipe *client;
    np_client_opts opts = NP_CLIENT_OPTS_INIT;
    opts.read_mode = read_mode;
    pair_must(np_connect(name, &opts, &client, 5000), "connect");
    return client;
}

/* Both ends read as the pipe's type says. */
static inline struct pair pair_open(const char *name, uint32_t mode,
                                    uint32_t quota)
{
    struct pair pair;
    np_server_opts opts = pair_opts(mode, quota);
    pair_must(np_create(name, &opts, &pair.server), "create");
    pair.client = pair_client(name, mode);
    int code = np_accept(pair.server, 5000);
    pair_must(code == NP_PIPE_CONNECTED ? NP_OK : code, "accept");
    return pair;
}

static inline void pair_close(struct pair *pair)
{
    np_close(pair->client);
    np_close(pair->server);
    pair->client = pair->server = NULL;
}

/* Wait until so many calls are inside: from then on np_close is theirs to see
 * through. */
static inline void pair_await_inside(np_pipe *pipe, unsigned calls)
{
    while (atomic_load(&pipe->inside) < calls + 1) {
        sched_yield();
    }
}

static inline unsigned pair_sleepers(np_pipe *pipe)
{
    struct npx_hub *hub = &npx_of(pipe)->hub;
    unsigned n = 0;
    pthread_mutex_lock(&hub->lock);
    for (struct npx_waiter *w = hub->first; w; w = w->next) {
        n += w->sleeping;
    }
    pthread_mutex_unlock(&hub->lock);
    return n;
}

/* Wait until so many calls sleep. */
static inline void pair_await_sleepers(np_pipe *pipe, unsigned calls)
{
    while (pair_sleepers(pipe) < calls) {
        sched_yield();
    }
}

#endif
