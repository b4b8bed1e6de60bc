/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Waiting for one of many.
 *
 * Each handle gets a probe, an operation that ends when the handle is ready: a
 * ConnectNamedPipe on a listening end, else a read. On a byte pipe that is a
 * read of 0 bytes, which takes nothing; on a message pipe it would take an
 * empty message, so it reads 1 byte and what it gets is kept in the stash. All
 * probes share one event, so there may be more than the 64 handles that
 * Windows can wait for: who wakes up looks at all of them.
 *
 *   B1  Starting an operation resets the event, whatever had set it. So all
 *       probes are looked at once more after the last start, and only then
 *       comes the sleep.
 *   B2  A probe is a read that is alone (N1): if other reads of the handle are
 *       blocked, the data is theirs, and the probe waits for its turn.
 *   B3  When this returns, all probes have ended: cancelled, or done and kept.
 *
 * An end in NOWAIT mode cannot be waited for; it is looked at every now and
 * then. */

#include "win32/npn.h"

#include <stdlib.h>

#define LOOK_MS 10

struct probe {
    OVERLAPPED overlapped;
    struct npn_pipe *h; /* NULL: no handle, nothing to do */
    struct npn_turn turn;
    bool queued;  /* in the turns */
    bool pending; /* the operation runs */
    bool polled;  /* NOWAIT: it must be started again and again */
    bool started; /* since the last look */
    char byte;
};

struct selection {
    np_pipe **pipes;
    const bool *borrowed;
    uint32_t *ready;
    size_t n;
    struct probe *probes;
    struct npn_call *calls;
    struct npn_events *events;
};

/* ------------------------------------------------------------------- probes */

/* What a probe that has ended says; false: nothing, try again. */
static bool is_ready(struct probe *probe, DWORD error, DWORD got)
{
    if (error == ERROR_OPERATION_ABORTED ||
        (probe->polled &&
         (error == ERROR_NO_DATA || error == ERROR_PIPE_LISTENING))) {
        return false;
    }
    bool took = error == 0 || error == ERROR_MORE_DATA;
    if (took && probe->queued && probe->h->messages) {
        npn_stash_put(&probe->h->reads, &probe->byte, got,
                      error == ERROR_MORE_DATA);
    }
    return true;
}

static DWORD start(struct probe *probe, HANDLE event, bool listening)
{
    HANDLE file = probe->h->file;
    probe->started = !probe->polled;
    probe->overlapped = (OVERLAPPED){.hEvent = probe->polled ? NULL : event};
    BOOL done = listening ? ConnectNamedPipe(file, &probe->overlapped)
                          : ReadFile(file, &probe->byte, probe->h->messages,
                                     NULL, &probe->overlapped);
    return done ? 0 : GetLastError();
}

static DWORD result(struct probe *probe, DWORD *got)
{
    return GetOverlappedResult(probe->h->file, &probe->overlapped, got, TRUE)
               ? 0
               : GetLastError();
}

static bool is_nowait(HANDLE file)
{
    DWORD mode;
    return GetNamedPipeHandleStateW(file, &mode, NULL, NULL, NULL, NULL, 0) &&
           (mode & PIPE_NOWAIT);
}

/* Start what the handle's state asks for, if it is its turn. */
static bool begin(struct probe *probe, HANDLE event)
{
    struct npn_local local;
    struct npn_pipe *h = probe->h;
    DWORD got = 0;
    if (npn_local(h->file, &local) != NP_OK) {
        return true; /* what is wrong the next call will say */
    }
    bool listening = local.state == NP_LISTENING;
    if (!listening && h->server && atomic_load(&h->unaccepted)) {
        return true; /* an accept would not wait */
    }
    probe->polled = is_nowait(h->file);
    if (!listening && !probe->queued) {
        probe->turn = (struct npn_turn){.alone = true};
        npn_turn_take(&h->reads, &probe->turn);
        probe->turn.wake = event;
        probe->queued = true;
    }
    if (!listening && !npn_my_turn(&h->reads, &probe->turn)) {
        return false;
    }
    if (!listening && npn_stash_full(&h->reads)) {
        return true;
    }
    DWORD error = start(probe, event, listening);
    probe->pending = error == ERROR_IO_PENDING;
    if (probe->pending) {
        return false;
    }
    if (error == 0 || error == ERROR_MORE_DATA) {
        error = result(probe, &got);
    }
    return is_ready(probe, error, got);
}

/* Look at one: true when its handle is ready. */
static bool look(struct probe *probe, HANDLE event)
{
    DWORD got = 0;
    if (!probe->pending) {
        return begin(probe, event);
    }
    if (!HasOverlappedIoCompleted(&probe->overlapped)) {
        return false;
    }
    probe->pending = false;
    DWORD error = result(probe, &got);
    return is_ready(probe, error, got) || begin(probe, event);
}

/* B3. The event may be set by another probe, so it is no proof of the end. */
static bool end(struct probe *probe)
{
    DWORD got = 0;
    bool ready = false;
    if (probe->pending) {
        CancelIoEx(probe->h->file, &probe->overlapped);
        while (!HasOverlappedIoCompleted(&probe->overlapped)) {
            WaitForSingleObject(probe->overlapped.hEvent, 1);
        }
        DWORD error = result(probe, &got);
        ready = is_ready(probe, error, got);
    }
    if (probe->queued) {
        npn_turn_leave(&probe->h->reads, &probe->turn);
    }
    return ready;
}

/* ---------------------------------------------------------------- selecting */

static size_t look_once(struct selection *s, bool *started)
{
    size_t count = 0;
    *started = false;
    for (size_t i = 0; i < s->n; i++) {
        struct probe *probe = &s->probes[i];
        probe->started = false;
        if (probe->h && !s->ready[i]) {
            s->ready[i] = atomic_load(&probe->h->base.closing) ||
                          look(probe, s->events->io);
        }
        *started |= probe->started;
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
        if (s->probes[i].h && s->probes[i].polled) {
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
            s->probes[i].h = npn_of(s->pipes[i]);
            npn_join(&s->probes[i].h->hub, &s->calls[joined++], s->events);
        }
    }
    if (joined == 0) {
        npn_join(nowhere, &s->calls[joined++], s->events);
    }
    return joined;
}

static int select_with(struct selection *s, size_t *count_out,
                       npi_deadline deadline)
{
    struct npn_hub nowhere = {.lock = SRWLOCK_INIT};
    size_t joined = join_all(s, &nowhere);
    int code = select_joined(s, joined, deadline);
    *count_out = 0;
    for (size_t i = 0; i < s->n; i++) {
        s->ready[i] |= s->probes[i].h && end(&s->probes[i]);
        *count_out += s->ready[i];
    }
    for (size_t i = 0; i < joined; i++) {
        npn_leave(&s->calls[i]);
    }
    return *count_out > 0 ? NP_OK : code;
}

int npi_os_select(np_pipe **pipes, const bool *borrowed, uint32_t *ready,
                  size_t n, size_t *count_out, npi_deadline deadline)
{
    struct selection s = {.pipes = pipes,
                          .borrowed = borrowed,
                          .ready = ready,
                          .n = n,
                          .probes = calloc(n + 1, sizeof *s.probes),
                          .calls = calloc(n + 1, sizeof *s.calls),
                          .events = npn_events_take()};
    int code = NP_NOT_ENOUGH_MEMORY;
    for (size_t i = 0; i < n; i++) {
        ready[i] = 0;
    }
    if (s.probes && s.calls && s.events) {
        code = select_with(&s, count_out, deadline);
    }
    if (s.events) {
        npn_events_give(s.events);
    }
    free(s.probes);
    free(s.calls);
    return code;
}
