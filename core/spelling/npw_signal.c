/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* What can be waited on, and waiting.
 *
 * Who sets a signal looks for waits that this satisfies, the oldest first, and
 * settles them itself: it clears what is automatic and says which signal it
 * was. So exactly one wait gets an automatic signal, and a signal that is
 * cleared right after it was set has still ended the waits that were there. */

#include <errno.h>
#include <time.h>

#include "npw.h"

#define NS_PER_S 1000000000
#define NS_PER_MS 1000000
#define FOREVER INT64_MAX

struct waiter {
    struct npw_signal **signals;
    DWORD count;
    bool all;
    bool done;
    DWORD which; /* when done */
    pthread_cond_t wake;
    struct waiter *prev, *next;
};

static struct waiter *first, *last; /* under npw_lock, the oldest first */

void npw_waiters_forget(void)
{
    first = last = NULL;
}

/* ---------------------------------------------------------------- deadlines */

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * NS_PER_S + time.tv_nsec;
}

int64_t npw_deadline_in(DWORD ms)
{
    return ms == INFINITE ? FOREVER : now() + (int64_t)ms * NS_PER_MS;
}

DWORD npw_deadline_left(int64_t deadline)
{
    if (deadline == FOREVER) {
        return INFINITE;
    }
    int64_t left = deadline - now();
    return left <= 0 ? 0 : (DWORD)((left + NS_PER_MS - 1) / NS_PER_MS);
}

/* ------------------------------------------------------------------ signals */

static void consume(struct npw_signal *signal)
{
    if (signal->automatic) {
        signal->set = false;
    }
}

/* Whether the wait is over; then what it waited for is taken. */
static bool settle(struct waiter *waiter)
{
    DWORD set = 0;
    waiter->which = 0;
    for (DWORD i = waiter->count; i-- > 0;) {
        if (waiter->signals[i]->set) {
            set++;
            waiter->which = i;
        }
    }
    if (set == 0 || (waiter->all && set < waiter->count)) {
        return false;
    }
    if (!waiter->all) {
        consume(waiter->signals[waiter->which]);
        return true;
    }
    for (DWORD i = 0; i < waiter->count; i++) {
        consume(waiter->signals[i]);
    }
    waiter->which = 0;
    return true;
}

static void enter(struct waiter *waiter)
{
    waiter->prev = last;
    waiter->next = NULL;
    if (last) {
        last->next = waiter;
    } else {
        first = waiter;
    }
    last = waiter;
}

static void leave(struct waiter *waiter)
{
    if (waiter->prev) {
        waiter->prev->next = waiter->next;
    } else {
        first = waiter->next;
    }
    if (waiter->next) {
        waiter->next->prev = waiter->prev;
    } else {
        last = waiter->prev;
    }
}

void npw_signal_set(struct npw_signal *signal)
{
    signal->set = true;
    for (struct waiter *w = first; w && signal->set; w = w->next) {
        if (!w->done && settle(w)) {
            w->done = true;
            pthread_cond_signal(&w->wake);
        }
    }
}

void npw_signal_clear(struct npw_signal *signal)
{
    signal->set = false;
}

/* ------------------------------------------------------------------ waiting */

static void sleep_until(struct waiter *waiter, int64_t deadline)
{
    struct timespec until = {(time_t)(deadline / NS_PER_S),
                             (long)(deadline % NS_PER_S)};
    int error = 0;
    while (!waiter->done && error != ETIMEDOUT) {
        if (deadline == FOREVER) {
            pthread_cond_wait(&waiter->wake, &npw_lock);
        } else {
            error = pthread_cond_timedwait(&waiter->wake, &npw_lock, &until);
        }
    }
}

static void sleep_on(struct waiter *waiter, int64_t deadline)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&waiter->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    enter(waiter);
    sleep_until(waiter, deadline);
    leave(waiter);
    pthread_cond_destroy(&waiter->wake);
}

DWORD npw_signal_wait(struct npw_signal **signals, DWORD count, bool all,
                      DWORD ms)
{
    struct waiter waiter = {.signals = signals, .count = count, .all = all};
    int64_t deadline = npw_deadline_in(ms);
    pthread_mutex_lock(&npw_lock);
    waiter.done = settle(&waiter);
    if (!waiter.done && ms > 0) {
        sleep_on(&waiter, deadline);
    }
    pthread_mutex_unlock(&npw_lock);
    return waiter.done ? waiter.which : WAIT_TIMEOUT;
}

static bool has_twins(const HANDLE *handles, DWORD count)
{
    for (DWORD i = 0; i < count; i++) {
        for (DWORD j = 0; j < i; j++) {
            if (handles[i] == handles[j]) {
                return true;
            }
        }
    }
    return false;
}

DWORD WINAPI WaitForMultipleObjects(DWORD count, const HANDLE *handles,
                                    BOOL all, DWORD ms)
{
    struct npw_object *objects[MAXIMUM_WAIT_OBJECTS];
    struct npw_signal *signals[MAXIMUM_WAIT_OBJECTS];
    DWORD result = WAIT_FAILED, have = 0;
    if (count == 0 || count > MAXIMUM_WAIT_OBJECTS || !handles ||
        (all && has_twins(handles, count))) {
        npw_fail(NP_INVALID_PARAMETER);
        return WAIT_FAILED;
    }
    while (have < count) {
        objects[have] = npw_object_of(handles[have], NPW_ANY);
        if (!objects[have]) {
            break;
        }
        signals[have] = &objects[have]->signal;
        have++;
    }
    if (have == count) {
        result = npw_signal_wait(signals, count, all != FALSE, ms);
    }
    while (have-- > 0) {
        npw_let_go(objects[have]);
    }
    return result;
}

DWORD WINAPI WaitForSingleObject(HANDLE handle, DWORD ms)
{
    return WaitForMultipleObjects(1, &handle, FALSE, ms);
}
