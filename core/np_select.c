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

/* Not looked at one by one. */
static bool is_kept(const struct npi_selection *s, const np_select_item *item)
{
    return s->kept && item->pipe;
}

static void free_arrays(struct npi_selection *s)
{
    free(s->at);
    free(s->pipes);
    free(s->borrowed);
    free(s->ready);
}

static int make_arrays(struct npi_selection *s, size_t items)
{
    size_t n = 0;
    for (size_t i = 0; i < items; i++) {
        s->items[i].ready = 0;
        n += !is_kept(s, &s->items[i]);
    }
    s->n = 0;
    s->at = calloc(n + 1, sizeof *s->at);
    s->pipes = calloc(n + 1, sizeof *s->pipes);
    s->borrowed = calloc(n + 1, sizeof *s->borrowed);
    s->ready = calloc(n + 1, sizeof *s->ready);
    if (!s->at || !s->pipes || !s->borrowed || !s->ready) {
        free_arrays(s);
        return NP_NOT_ENOUGH_MEMORY;
    }
    for (size_t i = 0; s->n < n; i++) {
        if (!is_kept(s, &s->items[i])) {
            s->at[s->n++] = i;
        }
    }
    return NP_OK;
}

/* Enter what the items stand for; returns how many are ready as they are: a
 * closed handle is, so that its error is seen. */
static size_t enter_all(struct npi_selection *s, bool *full)
{
    size_t ready = 0;
    *full = false;
    for (size_t i = 0; i < s->n; i++) {
        np_select_item *item = &s->items[s->at[i]];
        s->borrowed[i] = item->server != NULL;
        if (item->server) {
            s->pipes[i] = npi_server_borrow(item->server);
            item->ready = npi_server_closed(item->server);
            *full |= !s->pipes[i] && !item->ready;
        } else {
            bool in = npi_handle_enter(item->pipe) == NP_OK;
            s->pipes[i] = in ? item->pipe : NULL;
            item->ready = !in;
        }
        ready += item->ready;
    }
    return ready;
}

static void leave_all(const struct npi_selection *s)
{
    for (size_t i = 0; i < s->n; i++) {
        s->items[s->at[i]].ready |= s->ready[i];
        if (s->pipes[i]) {
            npi_handle_leave(s->pipes[i]);
        }
    }
}

/* A server that is full may have room by now: then its instance listens. */
static npi_deadline cap(npi_deadline deadline)
{
    npi_deadline soon = npi_deadline_in(FULL_MS);
    return deadline < soon ? deadline : soon;
}

/* One look, or sleep, at all of them. */
static int round_of(struct npi_selection *s, size_t items, size_t *count,
                    npi_deadline deadline, bool *again)
{
    bool full;
    size_t more = 0;
    *again = false;
    s->kept = npi_os_kept(s->items, items);
    int code = make_arrays(s, items);
    if (code) {
        return code;
    }
    *count = enter_all(s, &full);
    npi_deadline until = full ? cap(deadline) : deadline;
    code = npi_os_select(s, &more, *count ? 0 : until);
    *count += more;
    leave_all(s);
    free_arrays(s);
    if (code == NP_TIMEOUT && *count > 0) {
        code = NP_OK;
    }
    *again = (code == NP_OK && *count == 0) ||
             (code == NP_TIMEOUT && until != deadline);
    return code;
}

int np_select(np_select_item *items, size_t n, size_t *ready_out, uint32_t ms)
{
    npi_deadline deadline = npi_deadline_in(ms);
    npi_detail_clear();
    int code = check_items(items, n);
    struct npi_selection s = {.items = items};
    size_t count = 0;
    bool again = code == NP_OK;
    while (again) {
        code = round_of(&s, n, &count, deadline, &again);
    }
    if (code == NP_OK && ready_out) {
        *ready_out = count;
    }
    return code;
}
