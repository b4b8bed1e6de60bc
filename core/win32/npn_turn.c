/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Who may take data out of one end, and what had to be taken early.
 *
 * A probe is a read of 0 bytes that np_select has in the kernel: it ends when
 * there is something to read, and takes nothing but an empty message, which is
 * kept in the stash. On Windows a read behind it would get its data all the
 * same, but not that empty message, and a change of the end's modes would be
 * refused because of it; so nobody is to meet a probe.
 *
 *   N4  Who reads, peeks, changes the modes or disconnects holds the data. No
 *       probe is started while anybody does. Who begins to hold finds at most
 *       one probe in the kernel, cancels it, waits until it has ended, and puts
 *       what it may have taken into the stash; only then it goes on.
 *   N5  A probe is started, and its result collected, under the lock, the
 *       latter once: by its own select or by who pushed it aside. It stays in
 *       memory, and is not started again, while anybody pushes it.
 *   N6  Pushing does not need the select's thread. That may itself be the one
 *       that pushes, from an interrupt function which reads. The wait is for a
 *       cancelled operation, hence short.
 *   N7  The last to hold no more wakes all selects of the end: each looks
 *       again, which starts a probe or finds the stash. A result that was
 *       collected by who pushed is not told to the select: either the data is
 *       taken now, or the select finds it then. */

#include "win32/npn.h"

#include <stdlib.h>
#include <string.h>

/* An operation that was cancelled ends at once, on whatever processor. */
#define YIELDS 50

/* ------------------------------------------------------------------- probes */

static bool has_ended(const struct npn_probe *probe)
{
    return HasOverlappedIoCompleted(&probe->overlapped);
}

/* Under the lock, of a probe that has ended. Only an empty message was taken:
 * read as bytes, one looks like data that is there, unless there is none. */
static int collect(struct npn_pipe *h, struct npn_probe *probe)
{
    DWORD got, avail = 0;
    h->reads.running = NULL;
    if (!GetOverlappedResult(h->file, &probe->overlapped, &got, FALSE)) {
        return (int)GetLastError();
    }
    if (h->messages && PeekNamedPipe(h->file, NULL, 0, NULL, &avail, NULL) &&
        (avail == 0 || npn_reads_messages(h))) {
        h->reads.stash = (struct npn_stash){.full = true};
    }
    return NP_OK;
}

/* N5: from any thread; the caller sees to it that the probe stays. */
static void push(struct npn_pipe *h, struct npn_probe *probe)
{
    CancelIoEx(h->file, &probe->overlapped);
    for (unsigned n = 0; !has_ended(probe); n++) {
        if (n < YIELDS) {
            SwitchToThread();
        } else {
            /* The event may have been reset or be another probe's. */
            WaitForSingleObject(probe->event, 1);
        }
    }
    AcquireSRWLockExclusive(&h->reads.lock);
    if (h->reads.running == probe) {
        collect(h, probe);
    }
    ReleaseSRWLockExclusive(&h->reads.lock);
}

/* Under the lock; what is returned goes to push_aside. */
static struct npn_probe *hold(struct npn_reads *reads)
{
    struct npn_probe *probe = reads->running;
    reads->holders++;
    if (probe) {
        probe->pushers++;
    }
    return probe;
}

static void push_aside(struct npn_pipe *h, struct npn_probe *probe)
{
    push(h, probe);
    AcquireSRWLockExclusive(&h->reads.lock);
    probe->pushers--;
    ReleaseSRWLockExclusive(&h->reads.lock);
}

/* Under the lock. */
static void wake_probes(struct npn_reads *reads)
{
    for (struct npn_probe *p = reads->probes; p; p = p->next) {
        SetEvent(p->event);
    }
}

static void unhold(struct npn_reads *reads)
{
    if (--reads->holders == 0) {
        wake_probes(reads); /* N7 */
    }
}

void npn_hold(struct npn_pipe *h)
{
    AcquireSRWLockExclusive(&h->reads.lock);
    struct npn_probe *probe = hold(&h->reads);
    ReleaseSRWLockExclusive(&h->reads.lock);
    if (probe) {
        push_aside(h, probe);
    }
}

void npn_unhold(struct npn_pipe *h)
{
    AcquireSRWLockExclusive(&h->reads.lock);
    unhold(&h->reads);
    ReleaseSRWLockExclusive(&h->reads.lock);
}

void npn_probe_join(struct npn_pipe *h, struct npn_probe *probe, HANDLE event)
{
    *probe = (struct npn_probe){.event = event};
    AcquireSRWLockExclusive(&h->reads.lock);
    probe->next = h->reads.probes;
    h->reads.probes = probe;
    ReleaseSRWLockExclusive(&h->reads.lock);
}

/* Under the lock. */
static int start(struct npn_pipe *h, struct npn_probe *probe, bool signals)
{
    probe->overlapped = (OVERLAPPED){.hEvent = signals ? probe->event : NULL};
    h->reads.running = probe;
    if (ReadFile(h->file, &probe->byte, 0, NULL, &probe->overlapped) ||
        GetLastError() == ERROR_MORE_DATA) {
        return collect(h, probe);
    }
    DWORD error = GetLastError();
    if (error != ERROR_IO_PENDING) {
        h->reads.running = NULL;
        return (int)error;
    }
    return NPN_LOOK;
}

int npn_probe_look(struct npn_pipe *h, struct npn_probe *probe, bool signals,
                   bool *started)
{
    struct npn_reads *reads = &h->reads;
    int code = NPN_LOOK;
    *started = false;
    AcquireSRWLockExclusive(&reads->lock);
    if (reads->running == probe && has_ended(probe)) {
        code = collect(h, probe);
    } else if (!reads->running && reads->holders == 0) {
        *started = !reads->stash.full;
        code = reads->stash.full ? NP_OK : start(h, probe, signals);
    }
    ReleaseSRWLockExclusive(&reads->lock);
    return code;
}

bool npn_probe_runs(struct npn_pipe *h, struct npn_probe *probe)
{
    AcquireSRWLockShared(&h->reads.lock);
    bool runs = h->reads.running == probe;
    ReleaseSRWLockShared(&h->reads.lock);
    return runs;
}

void npn_probe_leave(struct npn_pipe *h, struct npn_probe *probe)
{
    struct npn_reads *reads = &h->reads;
    if (npn_probe_runs(h, probe)) {
        push(h, probe);
    }
    AcquireSRWLockExclusive(&reads->lock);
    struct npn_probe **link = &reads->probes;
    while (*link != probe) {
        link = &(*link)->next;
    }
    *link = probe->next;
    while (probe->pushers > 0) { /* N5 */
        ReleaseSRWLockExclusive(&reads->lock);
        WaitForSingleObject(probe->event, 1);
        AcquireSRWLockExclusive(&reads->lock);
    }
    wake_probes(reads); /* another select's may be the next */
    ReleaseSRWLockExclusive(&reads->lock);
}

/* -------------------------------------------------------------------- turns */

/* Under the lock. */
static bool is_mine(struct npn_reads *reads, struct npn_turn *turn)
{
    turn->alone |= reads->stash.full; /* it may have come meanwhile */
    struct npn_turn *t = reads->first;
    while (t != turn && !t->alone && !turn->alone) {
        t = t->next;
    }
    return t == turn;
}

bool npn_my_turn(struct npn_reads *reads, struct npn_turn *turn)
{
    AcquireSRWLockExclusive(&reads->lock);
    bool mine = is_mine(reads, turn);
    ReleaseSRWLockExclusive(&reads->lock);
    return mine;
}

bool npn_turn_take(struct npn_pipe *h, struct npn_turn *turn)
{
    struct npn_reads *reads = &h->reads;
    AcquireSRWLockExclusive(&reads->lock);
    struct npn_turn **link = &reads->first;
    while (*link) {
        link = &(*link)->next;
    }
    *link = turn;
    struct npn_probe *probe = hold(reads);
    bool mine = is_mine(reads, turn);
    ReleaseSRWLockExclusive(&reads->lock);
    if (probe) {
        push_aside(h, probe);
        mine = npn_my_turn(reads, turn);
    }
    return mine;
}

void npn_turn_leave(struct npn_pipe *h, struct npn_turn *turn)
{
    struct npn_reads *reads = &h->reads;
    AcquireSRWLockExclusive(&reads->lock);
    struct npn_turn **link = &reads->first;
    while (*link != turn) {
        link = &(*link)->next;
    }
    *link = turn->next;
    for (struct npn_turn *t = reads->first; t; t = t->next) {
        if (t->wake) {
            SetEvent(t->wake);
        }
    }
    unhold(reads);
    ReleaseSRWLockExclusive(&reads->lock);
}

/* -------------------------------------------------------------------- stash */

bool npn_stash_full(struct npn_reads *reads)
{
    AcquireSRWLockShared(&reads->lock);
    bool full = reads->stash.full;
    ReleaseSRWLockShared(&reads->lock);
    return full;
}

unsigned npn_conversation(struct npn_reads *reads)
{
    AcquireSRWLockShared(&reads->lock);
    unsigned conversation = reads->conversation;
    ReleaseSRWLockShared(&reads->lock);
    return conversation;
}

bool npn_stash_put(struct npn_reads *reads, unsigned conversation,
                   const void *data, size_t n, bool more)
{
    char *copy = malloc(n);
    if (!copy) {
        return false;
    }
    memcpy(copy, data, n);
    AcquireSRWLockExclusive(&reads->lock);
    bool same = conversation == reads->conversation;
    if (same) {
        reads->stash = (struct npn_stash){
            .data = copy, .end = n, .full = true, .more = more};
    }
    ReleaseSRWLockExclusive(&reads->lock);
    if (!same) {
        free(copy);
    }
    return same;
}

bool npn_stash_take(struct npn_reads *reads, void *buf, size_t n, size_t *got)
{
    AcquireSRWLockExclusive(&reads->lock);
    struct npn_stash *stash = &reads->stash;
    size_t left = stash->end - stash->at;
    bool full = stash->full;
    *got = n < left ? n : left;
    if (*got > 0) {
        memcpy(buf, stash->data + stash->at, *got);
        stash->at += *got;
    }
    ReleaseSRWLockExclusive(&reads->lock);
    return full;
}

void npn_stash_drop(struct npn_reads *reads)
{
    AcquireSRWLockExclusive(&reads->lock);
    char *data = reads->stash.data;
    reads->stash = (struct npn_stash){.full = false};
    ReleaseSRWLockExclusive(&reads->lock);
    free(data);
}

void npn_stash_end(struct npn_reads *reads)
{
    AcquireSRWLockExclusive(&reads->lock);
    reads->conversation++;
    ReleaseSRWLockExclusive(&reads->lock);
    npn_stash_drop(reads);
}
