/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Waiting for one of several handles: a look at all, and if none is ready, a
 * waiter at each one's hub, another look that asks to be rung, and sleep. Those
 * of a set (npx_set.c) are looked at and waited for through it. */

#define _GNU_SOURCE 1

#include <stdlib.h>

#include "linux/npx_set.h"

/* Of those that are in no set. */
static size_t collect(struct npi_selection *s, enum npx_how how)
{
    size_t count = 0;
    for (size_t i = 0; i < s->n; i++) {
        s->ready[i] = s->pipes[i] && npx_ready(npx_of(s->pipes[i]), how);
        count += s->ready[i];
    }
    return count;
}

/* Who goes on to sleep learns of a dead peer by that. */
static size_t glance(struct npi_selection *s, bool sleeps)
{
    size_t count = collect(s, sleeps ? NPX_GLANCE : NPX_LOOK);
    return count + (s->kept ? npx_set_glance(s->kept, s->items, sleeps) : 0);
}

static size_t arm(struct npi_selection *s)
{
    size_t count = collect(s, NPX_ARM);
    return count + (s->kept ? npx_set_look(s->kept, s->items, NPX_ARM) : 0);
}

/* An instance borrowed from its server has been handed out to somebody, or a
 * set is one no more. */
static bool must_begin_anew(const struct npi_selection *s)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->pipes[i] && s->borrowed[i] && atomic_load(&s->pipes[i]->home)) {
            return true;
        }
    }
    return s->kept && npx_set_lost(s->kept);
}

/* The first time that a client's greeting is up before the deadline. */
static npi_deadline first_of(const struct npi_selection *s,
                             npi_deadline deadline)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->pipes[i]) {
            deadline = npx_greet_by(npx_of(s->pipes[i]), deadline);
        }
    }
    return s->kept ? npx_set_greet_by(s->kept, deadline) : deadline;
}

static int join_all(const struct npi_selection *s, struct npx_waiter *waiters,
                    size_t *joined)
{
    static struct npx_hub nowhere = {.lock = PTHREAD_MUTEX_INITIALIZER,
                                     .fd = -1,
                                     .muted = -1,
                                     .polled = -1,
                                     .retired = -1};
    int code = NP_OK;
    *joined = 0;
    for (size_t i = 0; i < s->n && code == NP_OK; i++) {
        if (s->pipes[i]) {
            struct npx_hub *hub = &npx_of(s->pipes[i])->hub;
            code = npx_hub_join(hub, &waiters[*joined]);
            *joined += code == NP_OK;
        }
    }
    if (code == NP_OK && *joined == 0) {
        code = npx_hub_join(&nowhere, &waiters[(*joined)++]);
    }
    return code;
}

/* Having joined: NP_OK with some that are ready, or with none: begin anew. */
static int select_joined(struct npi_selection *s, size_t *count_out,
                         struct npx_waiter *waiters, size_t joined,
                         npi_deadline deadline)
{
    unsigned generation = atomic_load(&npi_generation);
    for (;;) {
        *count_out = arm(s);
        if (*count_out > 0 || must_begin_anew(s)) {
            return NP_OK;
        }
        npi_deadline next = first_of(s, deadline);
        int code = npx_hubs_sleep(waiters, joined, s->kept, next);
        if (generation != atomic_load(&npi_generation)) {
            return NP_INVALID_HANDLE;
        }
        if (code == NP_OPERATION_ABORTED) {
            *count_out = glance(s, false);
            return *count_out > 0 ? NP_OK : code; /* closed is ready */
        }
        if (code != NP_OK && (code != NP_TIMEOUT || next == deadline)) {
            return code;
        }
    }
}

static int select_wait(struct npi_selection *s, size_t *count_out,
                       npi_deadline deadline)
{
    size_t joined;
    unsigned generation = atomic_load(&npi_generation);
    struct npx_waiter *waiters = calloc(s->n + 1, sizeof *waiters);
    if (!waiters) {
        return NP_NOT_ENOUGH_MEMORY;
    }
    if (s->kept) {
        npx_set_begin(s->kept);
    }
    int code = join_all(s, waiters, &joined);
    if (code == NP_OK) {
        code = select_joined(s, count_out, waiters, joined, deadline);
    }
    bool forked = generation != atomic_load(&npi_generation);
    for (size_t i = 0; i < joined && !forked; i++) {
        npx_hub_leave(&waiters[i]);
    }
    if (s->kept && !forked) {
        npx_set_end(s->kept);
    }
    free(waiters);
    return code;
}

int npi_os_select(struct npi_selection *s, size_t *count_out,
                  npi_deadline deadline)
{
    *count_out = glance(s, deadline != 0);
    if (*count_out > 0) {
        return NP_OK;
    }
    return deadline == 0 ? NP_TIMEOUT : select_wait(s, count_out, deadline);
}

void npi_os_stir(np_pipe *pipe)
{
    npx_hub_wake(&npx_of(pipe)->hub, false);
}
