/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Waiting on Windows.
 *
 * A blocked call sleeps on two events: the one of what it waits for, and its
 * own `wake`. Who wants to end it (np_cancel, np_shutdown, np_thread_cancel)
 * says so under a lock and sets `wake`; nothing is lost, because
 *   V1  a call joins its hub before it looks whether the handle is closing, and
 *       who closes says so before it wakes the hub;
 *   V2  `wake` stays set until the sleep takes it, and what it stands for is
 *       looked at before each sleep and after it.
 *
 * There are no signals here. Ctrl-C is noticed by a thread of the system's, and
 * what a language runtime makes of it is asked of the thread's interrupt
 * function, before each sleep and every 50 ms of it.
 *
 * Events are lent from a pool that keeps as many as were ever needed at once:
 * making two for each call would cost more than most calls. */

#include "win32/npn.h"

#include <stdlib.h>

#define SLICE_MS 50

/* ------------------------------------------------------------------- events */

static SRWLOCK pool_lock = SRWLOCK_INIT;
static struct npn_events *pool;

static struct npn_events *make(void)
{
    struct npn_events *events = malloc(sizeof *events);
    if (!events) {
        return NULL;
    }
    events->io = CreateEventW(NULL, TRUE, FALSE, NULL);
    events->wake = CreateEventW(NULL, FALSE, FALSE, NULL);
    if (events->io && events->wake) {
        return events;
    }
    if (events->io) {
        CloseHandle(events->io);
    }
    if (events->wake) {
        CloseHandle(events->wake);
    }
    free(events);
    return NULL;
}

struct npn_events *npn_events_take(void)
{
    AcquireSRWLockExclusive(&pool_lock);
    struct npn_events *events = pool;
    if (events) {
        pool = events->next;
    }
    ReleaseSRWLockExclusive(&pool_lock);
    if (!events) {
        events = make();
        if (!events) {
            npi_fail(NP_NO_SYSTEM_RESOURCES, "cannot make an event to wait on");
        }
    }
    return events;
}

void npn_events_give(struct npn_events *events)
{
    AcquireSRWLockExclusive(&pool_lock);
    events->next = pool;
    pool = events;
    ReleaseSRWLockExclusive(&pool_lock);
}

/* ------------------------------------------------------------------ threads */

struct np_thread {
    SRWLOCK lock;
    atomic_bool cancelled;
    HANDLE wake; /* of the call it is in, or NULL; under lock */
};

static INIT_ONCE own_once = INIT_ONCE_STATIC_INIT;
static DWORD own_index;
static atomic_bool own_used; /* a thread has asked who it is */

static void WINAPI own_drop(void *own)
{
    free(own);
}

static BOOL CALLBACK own_make(INIT_ONCE *once, void *arg, void **context)
{
    (void)once;
    (void)arg;
    (void)context;
    own_index = FlsAlloc(own_drop);
    return own_index != FLS_OUT_OF_INDEXES;
}

/* NULL when the thread never asked who it is: then nobody can cancel it. */
static struct np_thread *own_thread(void)
{
    return atomic_load_explicit(&own_used, memory_order_acquire)
               ? FlsGetValue(own_index)
               : NULL;
}

int np_thread_self(np_thread **thread_out)
{
    if (!InitOnceExecuteOnce(&own_once, own_make, NULL, NULL)) {
        return NP_NO_SYSTEM_RESOURCES;
    }
    atomic_store_explicit(&own_used, true, memory_order_release);
    struct np_thread *own = own_thread();
    if (!own) {
        own = calloc(1, sizeof *own);
        if (!own || !FlsSetValue(own_index, own)) {
            free(own);
            return NP_NO_SYSTEM_RESOURCES;
        }
    }
    *thread_out = own;
    return NP_OK;
}

void np_thread_cancel(np_thread *thread)
{
    AcquireSRWLockExclusive(&thread->lock);
    atomic_store(&thread->cancelled, true);
    if (thread->wake) {
        SetEvent(thread->wake);
    }
    ReleaseSRWLockExclusive(&thread->lock);
}

void np_thread_clear(void)
{
    struct np_thread *own = own_thread();
    if (own) {
        atomic_store(&own->cancelled, false);
    }
}

/* Returns what it was; an interrupt function may wait inside a wait. */
static HANDLE set_wake(struct np_thread *own, HANDLE wake)
{
    if (!own) {
        return NULL;
    }
    AcquireSRWLockExclusive(&own->lock);
    HANDLE before = own->wake;
    own->wake = wake;
    ReleaseSRWLockExclusive(&own->lock);
    return before;
}

/* --------------------------------------------------------------------- hubs */

void npn_join(struct npn_hub *hub, struct npn_call *call,
              struct npn_events *events)
{
    *call = (struct npn_call){.hub = hub, .events = events};
    AcquireSRWLockExclusive(&hub->lock);
    call->next = hub->first;
    if (hub->first) {
        hub->first->prev = call;
    }
    hub->first = call;
    ReleaseSRWLockExclusive(&hub->lock);
}

/* Afterwards nobody sets its `wake` any more. */
void npn_leave(struct npn_call *call)
{
    struct npn_hub *hub = call->hub;
    AcquireSRWLockExclusive(&hub->lock);
    if (call->prev) {
        call->prev->next = call->next;
    } else {
        hub->first = call->next;
    }
    if (call->next) {
        call->next->prev = call->prev;
    }
    ReleaseSRWLockExclusive(&hub->lock);
}

unsigned npn_wake(struct npn_hub *hub, bool cancel)
{
    unsigned n = 0;
    AcquireSRWLockExclusive(&hub->lock);
    for (struct npn_call *call = hub->first; call; call = call->next, n++) {
        call->cancelled |= cancel;
        SetEvent(call->events->wake);
    }
    ReleaseSRWLockExclusive(&hub->lock);
    return n;
}

/* ----------------------------------------------------------------- sleeping */

static bool was_cancelled(struct npn_call *calls, size_t n,
                          struct np_thread *own)
{
    bool cancelled = own && atomic_load(&own->cancelled);
    for (size_t i = 0; i < n && !cancelled; i++) {
        AcquireSRWLockShared(&calls[i].hub->lock);
        cancelled = calls[i].cancelled;
        ReleaseSRWLockShared(&calls[i].hub->lock);
    }
    return cancelled;
}

/* One wait: NP_OK, NPN_LOOK, or NP_TIMEOUT (of the slice or the deadline). */
static int wait_once(HANDLE io, HANDLE wake, DWORD ms)
{
    HANDLE both[2] = {wake, wake};
    DWORD n = 0;
    if (io) {
        both[n++] = io; /* what was waited for comes before who interrupts */
    }
    both[n++] = wake;
    DWORD which = WaitForMultipleObjects(n, both, FALSE, ms);
    if (which == WAIT_TIMEOUT) {
        return NP_TIMEOUT;
    }
    if (which >= n) {
        return npi_fail(NP_NO_SYSTEM_RESOURCES, "waiting failed: error %lu",
                        GetLastError());
    }
    return both[which] == wake ? NPN_LOOK : NP_OK;
}

static int sleep_as(struct npn_call *calls, size_t n, HANDLE io,
                    npi_deadline deadline, struct np_thread *own)
{
    struct npi_interrupt interrupt = npi_interrupt_get();
    int code = NP_TIMEOUT;
    while (code == NP_TIMEOUT) {
        if (was_cancelled(calls, n, own)) {
            return NP_OPERATION_ABORTED;
        }
        if (interrupt.check && interrupt.check(interrupt.arg)) {
            return NP_INTERRUPTED;
        }
        uint32_t ms = npi_left_ms(deadline);
        bool slice = interrupt.check && ms > SLICE_MS;
        code = wait_once(io, calls[0].events->wake, slice ? SLICE_MS : ms);
        if (code == NP_TIMEOUT && !slice && npi_left(deadline) == 0) {
            return NP_TIMEOUT;
        }
    }
    return code == NPN_LOOK && was_cancelled(calls, n, own)
               ? NP_OPERATION_ABORTED
               : code;
}

int npn_sleep(struct npn_call *calls, size_t n, HANDLE io,
              npi_deadline deadline)
{
    struct np_thread *own = own_thread();
    HANDLE before = set_wake(own, calls[0].events->wake);
    int code = sleep_as(calls, n, io, deadline, own);
    set_wake(own, before);
    return code;
}
