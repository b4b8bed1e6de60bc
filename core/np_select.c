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
    for (size_t i = 0; i < n; i++) {
        if (!items[i].pipe == !items[i].server) {
            return npi_fail(NP_INVALID_PARAMETER,
                            "item %zu must name a pipe or a server", i);
        }
    }
    return n > 0 && !items ? NP_INVALID_PARAMETER : NP_OK;
}

/* Enter what the items stand for; returns how many are ready as they are: a
 * closed handle is, so that its error is seen. */
static size_t enter_all(np_select_item *items, np_pipe **pipes, size_t n,
                        bool *full)
{
    size_t ready = 0;
    *full = false;
    for (size_t i = 0; i < n; i++) {
        if (items[i].server) {
            pipes[i] = npi_server_borrow(items[i].server);
            items[i].ready = npi_server_closed(items[i].server);
            *full |= !pipes[i] && !items[i].ready;
        } else {
            bool in = npi_handle_enter(items[i].pipe) == NP_OK;
            pipes[i] = in ? items[i].pipe : NULL;
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

static int round_of(np_select_item *items, np_pipe **pipes, uint32_t *ready,
                    size_t n, size_t *count, npi_deadline deadline, bool *again)
{
    bool full;
    size_t more = 0;
    *again = false;
    *count = enter_all(items, pipes, n, &full);
    npi_deadline until = full ? cap(deadline) : deadline;
    int code = npi_os_select(pipes, ready, n, &more, *count ? 0 : until);
    for (size_t i = 0; i < n; i++) {
        items[i].ready |= ready[i];
    }
    *count += more;
    leave_all(pipes, n);
    if (code == NP_TIMEOUT && *count > 0) {
        code = NP_OK;
    }
    *again = code == NP_TIMEOUT && until != deadline;
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
    np_pipe **pipes = calloc(n + 1, sizeof *pipes);
    uint32_t *ready = calloc(n + 1, sizeof *ready);
    size_t count = 0;
    bool again = true;
    if (!pipes || !ready) {
        again = false;
        code = NP_NOT_ENOUGH_MEMORY;
    }
    while (again) {
        code = round_of(items, pipes, ready, n, &count, deadline, &again);
    }
    free(pipes);
    free(ready);
    if (code == NP_OK && ready_out) {
        *ready_out = count;
    }
    return code;
}
