/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Waiting for one of many.
 *
 * Each handle gets an operation that ends when the handle is ready: a
 * ConnectNamedPipe on a listening end, else a probe (npn_turn.c), which steps
 * aside for whoever reads. All share one event, so there may be more than the
 * 64 handles that Windows can wait for: who wakes up looks at all of them.
 *
 *   B1  Starting an operation resets the event, whatever had set it. So all are
 *       looked at once more after the last start, and only then comes the
 *       sleep.
 *   B2  While a read of the handle is blocked, the data is that one's, and so
 *       is its end: the probe is started when the read has left, which sets the
 *       event.
 *   B3  When this returns, all operations have ended: cancelled, or done.
 *
 * An end in NOWAIT mode cannot be waited for; it is looked at every now and
 * then. */

#include "win32/npn.h"

#include <stdlib.h>

#define LOOK_MS 10

struct entry {
    struct npn_pipe *h; /* NULL: no handle, nothing to do */
    struct npn_probe probe;
    OVERLAPPED connect;
    bool pending; /* the connect runs */
    bool polled;  /* NOWAIT: it must be started again and again */
    bool started; /* since the last look */
};

struct selection {
    np_pipe **pipes;
    const bool *borrowed;
    uint32_t *ready;
    size_t n;
    struct entry *entries;
    struct npn_call *calls;
    struct npn_events *events;
};

/* ------------------------------------------------------------------- a look */

/* What an operation that has ended says; false: nothing, try again. */
static bool is_ready(int code)
{
    return code != NPN_LOOK && code != NP_OPERATION_ABORTED;
}

/* The mode may have changed since it was asked. */
static int nowait(struct entry *entry)
{
    entry->polled = true;
    return NPN_LOOK;
}

static bool is_nowait(HANDLE file)
{
    DWORD mode;
    return GetNamedPipeHandleStateW(file, &mode, NULL, NULL, NULL, NULL, 0) &&
           (mode & PIPE_NOWAIT);
}

static int connect_result(struct entry *entry)
{
    DWORD unused;
    entry->pending = false;
    return GetOverlappedResult(entry->h->file, &entry->connect, &unused, TRUE)
               ? NP_OK
               : (int)GetLastError();
}

static int start_connect(struct entry *entry, HANDLE event)
{
    entry->started = !entry->polled;
    entry->connect = (OVERLAPPED){.hEvent = entry->polled ? NULL : event};
    if (ConnectNamedPipe(entry->h->file, &entry->connect)) {
        return connect_result(entry);
    }
    DWORD error = GetLastError();
    entry->pending = error == ERROR_IO_PENDING;
    if (error == ERROR_PIPE_LISTENING) {
        return nowait(entry);
    }
    return entry->pending ? NPN_LOOK : (int)error;
}

static int look_at_probe(struct entry *entry)
{
    int code = npn_probe_look(entry->h, &entry->probe, !entry->polled,
                              &entry->started);
    return code == NP_NO_DATA ? nowait(entry) : code;
}

/* Start what the handle's state asks for. */
static bool begin(struct entry *entry, HANDLE event)
{
    struct npn_local local;
    struct npn_pipe *h = entry->h;
    if (npn_local(h->file, &local) != NP_OK) {
        return true; /* what is wrong the next call will say */
    }
    bool listening = local.state == NP_LISTENING;
    if (!listening && h->server && atomic_load(&h->unaccepted)) {
        return true; /* an accept would not wait */
    }
    entry->polled = is_nowait(h->file);
    return is_ready(listening ? start_connect(entry, event)
                              : look_at_probe(entry));
}

/* Look at one: true when its handle is ready. */
static bool look(struct entry *entry, HANDLE event)
{
    if (entry->pending) {
        return HasOverlappedIoCompleted(&entry->connect) &&
               (is_ready(connect_result(entry)) || begin(entry, event));
    }
    if (npn_probe_runs(entry->h, &entry->probe)) {
        return is_ready(look_at_probe(entry));
    }
    return begin(entry, event);
}

/* B3. The event may be set by another operation: it is no proof of the end. */
static bool end_connect(struct entry *entry)
{
    CancelIoEx(entry->h->file, &entry->connect);
    while (!HasOverlappedIoCompleted(&entry->connect)) {
        WaitForSingleObject(entry->probe.event, 1);
    }
    return is_ready(connect_result(entry));
}

/* ---------------------------------------------------------------- selecting */

static size_t look_once(struct selection *s, bool *started)
{
    size_t count = 0;
    *started = false;
    for (size_t i = 0; i < s->n; i++) {
        struct entry *entry = &s->entries[i];
        entry->started = false;
        if (entry->h && !s->ready[i]) {
            s->ready[i] = atomic_load(&entry->h->base.closing) ||
                          look(entry, s->events->io);
        }
        *started |= entry->started;
        count += s->ready[i];
    }
    return count;
}

static size_t look_at_all(struct selection *s)
{
    bool started;
    size_t count;
    do {
        ResetEvent(s->events->io);
        count = look_once(s, &started);
    } while (count == 0 && started); /* B1 */
    return count;
}
/* A borrowed instance that somebody has been given is not its server's. */
static bool any_handed_out(const struct selection *s)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->pipes[i] && s->borrowed[i] && atomic_load(&s->pipes[i]->home)) {
            return true;
        }
    }
    return false;
}

static npi_deadline next_look(const struct selection *s, npi_deadline deadline)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->entries[i].h && s->entries[i].polled) {
            npi_deadline soon = npi_deadline_in(LOOK_MS);
            return soon < deadline ? soon : deadline;
        }
    }
    return deadline;
}

static int select_joined(struct selection *s, size_t joined,
                         npi_deadline deadline)
{
    while (look_at_all(s) == 0 && !any_handed_out(s)) {
        if (deadline == 0) {
            return NP_TIMEOUT;
        }
        npi_deadline next = next_look(s, deadline);
        int code = npn_sleep(s->calls, joined, s->events->io, next);
        bool on = code == NP_OK || code == NPN_LOOK ||
                  (code == NP_TIMEOUT && next != deadline);
        if (!on) {
            /* The last chance; and a closed handle is ready. */
            return look_at_all(s) > 0 ? NP_OK : code;
        }
    }
    return NP_OK;
}

static size_t join_all(struct selection *s, struct npn_hub *nowhere)
{
    size_t joined = 0;
    for (size_t i = 0; i < s->n; i++) {
        if (s->pipes[i]) {
            struct entry *entry = &s->entries[i];
            entry->h = npn_of(s->pipes[i]);
            npn_join(&entry->h->hub, &s->calls[joined++], s->events);
            npn_probe_join(entry->h, &entry->probe, s->events->io);
        }
    }
    if (joined == 0) {
        npn_join(nowhere, &s->calls[joined++], s->events);
    }
    return joined;
}

/* Whether one turned out to be ready at last. */
static bool leave(struct entry *entry)
{
    bool ready = entry->pending && end_connect(entry);
    npn_probe_leave(entry->h, &entry->probe);
    return ready;
}

static int select_with(struct selection *s, size_t *count_out,
                       npi_deadline deadline)
{
    struct npn_hub nowhere = {.lock = SRWLOCK_INIT};
    size_t joined = join_all(s, &nowhere);
    int code = select_joined(s, joined, deadline);
    *count_out = 0;
    for (size_t i = 0; i < s->n; i++) {
        s->ready[i] |= s->entries[i].h && leave(&s->entries[i]);
        *count_out += s->ready[i];
    }
    for (size_t i = 0; i < joined; i++) {
        npn_leave(&s->calls[i]);
    }
    return *count_out > 0 ? NP_OK : code;
}

/* Every probe is begun and ended anew. */
struct npi_kept *npi_os_kept(const np_select_item *items, size_t n)
{
    (void)items;
    (void)n;
    return NULL;
}

int npi_os_select(struct npi_selection *selection, size_t *count_out,
                  npi_deadline deadline)
{
    size_t n = selection->n;
    struct selection s = {.pipes = selection->pipes,
                          .borrowed = selection->borrowed,
                          .ready = selection->ready,
                          .n = n,
                          .entries = calloc(n + 1, sizeof *s.entries),
                          .calls = calloc(n + 1, sizeof *s.calls),
                          .events = npn_events_take()};
    int code = NP_NOT_ENOUGH_MEMORY;
    for (size_t i = 0; i < n; i++) {
        s.ready[i] = 0;
    }
    if (s.entries && s.calls && s.events) {
        code = select_with(&s, count_out, deadline);
    }
    if (s.events) {
        npn_events_give(s.events);
    }
    free(s.entries);
    free(s.calls);
    return code;
}
