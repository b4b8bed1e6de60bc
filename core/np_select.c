/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Waiting for one of several handles. A server stands for the instance that
 * listens for it just now. */

#include <stdlib.h>

#include "np_internal.h"

/* A server whose instances are all in use has nothing to wait on; it is looked
 * at again this often. */
#define FULL_MS 20

static int check_items(const np_select_item *items, size_t n)
{
    if (n > 0 && !items) {
        return NP_INVALID_PARAMETER;
    }
    for (size_t i = 0; i < n; i++) {
        if (!items[i].pipe == !items[i].server) {
            return npi_fail(NP_INVALID_PARAMETER,
                            "item %lu must name a pipe or a server",
                            (unsigned long)i);
        }
    }
    return NP_OK;
}

/* One look's arrays: what the items stand for. */
struct looked_at {
    np_pipe **pipes;
    bool *borrowed;
    uint32_t *ready;
};

/* Enter what the items stand for; returns how many are ready as they are: a
 * closed handle is, so that its error is seen. */
static size_t enter_all(np_select_item *items, struct looked_at *at, size_t n,
                        bool *full)
{
    size_t ready = 0;
    *full = false;
    for (size_t i = 0; i < n; i++) {
        at->borrowed[i] = items[i].server != NULL;
        if (items[i].server) {
            at->pipes[i] = npi_server_borrow(items[i].server);
            items[i].ready = npi_server_closed(items[i].server);
            *full |= !at->pipes[i] && !items[i].ready;
        } else {
            bool in = npi_handle_enter(items[i].pipe) == NP_OK;
            at->pipes[i] = in ? items[i].pipe : NULL;
            items[i].ready = !in;
        }
        ready += items[i].ready;
    }
    return ready;
}

static void leave_all(np_pipe **pipes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (pipes[i]) {
            npi_handle_leave(pipes[i]);
        }
    }
}

/* A server that is full may have room by now: then its instance listens. */
static npi_deadline cap(npi_deadline deadline)
{
    npi_deadline soon = npi_deadline_in(FULL_MS);
    return deadline < soon ? deadline : soon;
}

static int round_of(np_select_item *items, struct looked_at *at, size_t n,
                    size_t *count, npi_deadline deadline, bool *again)
{
    bool full;
    size_t more = 0;
    *count = enter_all(items, at, n, &full);
    npi_deadline until = full ? cap(deadline) : deadline;
    int code = npi_os_select(at->pipes, at->borrowed, at->ready, n, &more,
                             *count ? 0 : until);
    for (size_t i = 0; i < n; i++) {
        items[i].ready |= at->ready[i];
    }
    *count += more;
    leave_all(at->pipes, n);
    if (code == NP_TIMEOUT && *count > 0) {
        code = NP_OK;
    }
    *again = (code == NP_OK && *count == 0) ||
             (code == NP_TIMEOUT && until != deadline);
    return code;
}

static int select_with(np_select_item *items, struct looked_at *at, size_t n,
                       size_t *ready_out, npi_deadline deadline)
{
    size_t count = 0;
    bool again = true;
    int code = NP_OK;
    while (again) {
        code = round_of(items, at, n, &count, deadline, &again);
    }
    if (code == NP_OK && ready_out) {
        *ready_out = count;
    }
    return code;
}

int np_select(np_select_item *items, size_t n, size_t *ready_out, uint32_t ms)
{
    npi_deadline deadline = npi_deadline_in(ms);
    npi_detail_clear();
    int code = check_items(items, n);
    if (code) {
        return code;
    }
    struct looked_at at = {calloc(n + 1, sizeof *at.pipes),
                           calloc(n + 1, sizeof *at.borrowed),
                           calloc(n + 1, sizeof *at.ready)};
    if (at.pipes && at.borrowed && at.ready) {
        code = select_with(items, &at, n, ready_out, deadline);
    } else {
        code = NP_NOT_ENOUGH_MEMORY;
    }
    free(at.pipes);
    free(at.borrowed);
    free(at.ready);
    return code;
}
