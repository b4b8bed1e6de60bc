/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Waiting on Linux.
 *
 * THE HANDS. A waiter is a blocked call; a hub is where calls meet that one
 * descriptor may wake: a handle's socket or listener, or the process's inotify.
 * One waiter of a hub, the leader, polls the hub's descriptor and its own
 * eventfd; the others poll their own eventfds only.
 *
 * WHY NO WAKE-UP IS LOST. A caller joins, announces that it waits where the
 * peer can see it (the queue's monitor bit), looks once more, and only then
 * sleeps. From the join on:
 *   W1  Whoever takes something off the descriptor wakes all waiters of the hub
 *       afterwards; so nobody's announcement is eaten by somebody else's.
 *   W2  A wake sets `woken` under the hub's lock and writes the eventfd of a
 *       waiter that sleeps; sleep looks at `woken` under the lock before it
 *       polls. A wake between look and poll is thus seen by the poll.
 *   W3  While a hub has a descriptor and waiters that sleep, one of them polls
 *       it: a leader that stops polling wakes one waiter, which becomes the
 *       next leader, and a new descriptor wakes all.
 * Who stands at a hub (npx_set.c) polls its descriptor through an epoll of his
 * own, is told when there is another one, and otherwise woken like the rest.
 *
 * SIGNALS. A signal handled in this thread ends the poll. One that was handled
 * just before the poll, or by another thread, ends nothing: where the thread
 * has an interrupt function it is therefore also asked before each sleep, and a
 * sleep ends after 50 ms at the latest. Blocking signals from asking to polling
 * would be exact, but the function runs the program's signal handlers, and what
 * those start must not inherit a blocked mask. The function runs while the
 * waiter leads nothing and holds nothing.
 *
 * CLOSING. The descriptor a leader polls is not closed under it (its number
 * might be given to somebody else's file): it is retired, and closed by the
 * leader when it comes back. */

#define _GNU_SOURCE 1

#include "linux/npx_wait.h"

#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "linux/npx_fork.h"
#include "linux/npx_set.h"

#define NS_PER_S 1000000000
#define SLICE_NS 50000000

/* ------------------------------------------------- the thread's own eventfd */

struct np_thread {
    int fd;
    unsigned generation;
    bool made;
    atomic_bool cancelled;
};

static _Thread_local struct np_thread own;

static pthread_key_t own_key;
static pthread_once_t own_once = PTHREAD_ONCE_INIT;

static void own_drop(void *unused)
{
    (void)unused;
    if (own.made && own.generation == atomic_load(&npi_generation)) {
        npx_fd_close(own.fd);
    }
    own.made = false;
}

/* A thread may outlive the language runtime that loaded this library, and then
 * runs own_drop: the library stays in memory once it has made a key. */
static void stay_loaded(void)
{
    Dl_info info;
    void *address;
    void (*function)(void *) = own_drop;
    memcpy(&address, &function, sizeof address);
    if (dladdr(address, &info) != 0 && info.dli_fname) {
        dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
    }
}

static void own_key_make(void)
{
    stay_loaded();
    pthread_key_create(&own_key, own_drop);
}

static int own_eventfd(void)
{
    unsigned generation = atomic_load(&npi_generation);
    if (own.made && own.generation == generation) {
        return own.fd;
    }
    pthread_once(&own_once, own_key_make);
    npx_fork_hold();
    int fd = NPI_FAULT("eventfd")
                 ? -1
                 : npx_fd_keep(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    npx_fork_release();
    if (fd >= 0) {
        own.fd = fd;
        own.generation = generation;
        own.made = true;
        pthread_setspecific(own_key, &own);
    }
    return fd;
}

int np_thread_self(np_thread **thread_out)
{
    if (own_eventfd() < 0) {
        return npi_fail(NP_NO_SYSTEM_RESOURCES,
                        "cannot make an eventfd to wait on: errno %d", errno);
    }
    *thread_out = &own;
    return NP_OK;
}

/* The flag is looked at before and after each poll, and the eventfd stays
 * readable until it is read: nothing is lost. */
void np_thread_cancel(np_thread *thread)
{
    uint64_t one = 1;
    atomic_store(&thread->cancelled, true);
    ssize_t unused = write(thread->fd, &one, sizeof one);
    (void)unused;
}

void np_thread_clear(void)
{
    atomic_store(&own.cancelled, false);
}

/* ------------------------------------------------------------ hubs, waiters */

void npx_hub_init(struct npx_hub *hub,
                  void (*drain)(struct npx_hub *, int, short))
{
    *hub = (struct npx_hub){
        .fd = -1, .muted = -1, .polled = -1, .retired = -1, .drain = drain};
    pthread_mutex_init(&hub->lock, NULL);
}

static void move_locked(struct npx_hub *hub, int from, int to)
{
    for (struct npx_waiter *w = hub->first; w; w = w->next) {
        if (w->standing) {
            w->standing->move(w, from, to);
        }
    }
}

void npx_hub_close(struct npx_hub *hub)
{
    pthread_mutex_lock(&hub->lock);
    int fd = hub->fd, muted = hub->muted;
    move_locked(hub, fd, -1);
    hub->fd = hub->muted = -1;
    pthread_mutex_unlock(&hub->lock);
    npx_fd_close(fd);
    npx_fd_close(muted);
}

void npx_hub_deinit(struct npx_hub *hub)
{
    pthread_mutex_destroy(&hub->lock);
}

static void append_locked(struct npx_hub *hub, struct npx_waiter *waiter)
{
    waiter->prev = hub->last;
    if (hub->last) {
        hub->last->next = waiter;
    } else {
        hub->first = waiter;
    }
    hub->last = waiter;
}

void npx_hub_stand(struct npx_hub *hub, struct npx_waiter *waiter,
                   const struct npx_standing *standing)
{
    *waiter = (struct npx_waiter){
        .hub = hub, .standing = standing, .wake_fd = -1};
    pthread_mutex_lock(&hub->lock);
    append_locked(hub, waiter);
    standing->move(waiter, -1, hub->fd);
    pthread_mutex_unlock(&hub->lock);
}

int npx_hub_join(struct npx_hub *hub, struct npx_waiter *waiter)
{
    int fd = own_eventfd();
    if (fd < 0) {
        return npi_fail(NP_NO_SYSTEM_RESOURCES,
                        "cannot make an eventfd to wait on: errno %d", errno);
    }
    *waiter = (struct npx_waiter){.hub = hub, .wake_fd = fd};
    pthread_mutex_lock(&hub->lock);
    append_locked(hub, waiter);
    pthread_mutex_unlock(&hub->lock);
    return NP_OK;
}

static void wake_locked(struct npx_waiter *waiter)
{
    if (waiter->woken) {
        return;
    }
    waiter->woken = true;
    if (waiter->sleeping) {
        uint64_t one = 1;
        ssize_t unused = write(waiter->wake_fd, &one, sizeof one);
        (void)unused; /* full means readable, which is all that is wanted */
    }
}

/* W3: somebody who sleeps takes over the polling; not this thread, which may be
 * here twice and is awake. */
static void hand_over_locked(struct npx_hub *hub, int wake_fd)
{
    if (hub->fd < 0 || hub->leader) {
        return;
    }
    for (struct npx_waiter *w = hub->first; w; w = w->next) {
        if (w->sleeping && w->wake_fd != wake_fd) {
            wake_locked(w);
            return;
        }
    }
}

void npx_hub_leave(struct npx_waiter *waiter)
{
    struct npx_hub *hub = waiter->hub;
    pthread_mutex_lock(&hub->lock);
    if (waiter->standing) {
        waiter->standing->move(waiter, hub->fd, -1);
    }
    if (waiter->prev) {
        waiter->prev->next = waiter->next;
    } else {
        hub->first = waiter->next;
    }
    if (waiter->next) {
        waiter->next->prev = waiter->prev;
    } else {
        hub->last = waiter->prev;
    }
    hand_over_locked(hub, waiter->wake_fd);
    pthread_mutex_unlock(&hub->lock);
}

static unsigned wake_all_locked(struct npx_hub *hub, bool cancel)
{
    unsigned n = 0;
    for (struct npx_waiter *w = hub->first; w; w = w->next) {
        if (w->standing) {
            n += w->standing->wake(w, cancel);
            continue;
        }
        n++;
        w->cancelled |= cancel;
        wake_locked(w);
    }
    return n;
}

unsigned npx_hub_wake(struct npx_hub *hub, bool cancel)
{
    pthread_mutex_lock(&hub->lock);
    unsigned n = wake_all_locked(hub, cancel);
    pthread_mutex_unlock(&hub->lock);
    return n;
}

void npx_waiter_wake(struct npx_waiter *waiter)
{
    pthread_mutex_lock(&waiter->hub->lock);
    wake_locked(waiter);
    pthread_mutex_unlock(&waiter->hub->lock);
}

void npx_hub_set_fd(struct npx_hub *hub, int fd)
{
    pthread_mutex_lock(&hub->lock);
    int old = hub->fd >= 0 ? hub->fd : hub->muted;
    move_locked(hub, hub->fd, fd);
    hub->fd = fd;
    hub->muted = -1;
    if (old >= 0 && old == hub->polled) {
        hub->retired = old;
        old = -1;
    }
    wake_all_locked(hub, false);
    pthread_mutex_unlock(&hub->lock);
    npx_fd_close(old);
}

void npx_hub_mute(struct npx_hub *hub, int fd, atomic_bool *ended)
{
    pthread_mutex_lock(&hub->lock);
    if (hub->fd == fd) {
        atomic_store(ended, true);
        move_locked(hub, fd, -1);
        hub->muted = fd;
        hub->fd = -1;
    }
    pthread_mutex_unlock(&hub->lock);
}

/* ----------------------------------------------------------------- sleeping */

/* Prepare to sleep at one hub: false if the waiter was woken meanwhile. Sets
 * *fd to what it shall poll as a leader, or -1. */
static bool begin_sleep(struct npx_waiter *waiter, int *fd)
{
    struct npx_hub *hub = waiter->hub;
    pthread_mutex_lock(&hub->lock);
    bool sleep = !waiter->woken;
    waiter->sleeping = sleep;
    *fd = -1;
    if (sleep && hub->fd >= 0 && !hub->leader) {
        hub->leader = waiter;
        hub->polled = *fd = hub->fd;
    }
    pthread_mutex_unlock(&hub->lock);
    return sleep;
}

static void end_sleep(struct npx_waiter *waiter, int fd, short revents)
{
    struct npx_hub *hub = waiter->hub;
    if (fd >= 0 && revents) {
        hub->drain(hub, fd, revents);
    }
    int retired = -1;
    pthread_mutex_lock(&hub->lock);
    waiter->sleeping = false;
    waiter->woken = false;
    if (fd >= 0) {
        hub->leader = NULL;
        hub->polled = -1;
        retired = hub->retired;
        hub->retired = -1;
        if (revents) {
            wake_all_locked(hub, false); /* W1 */
            waiter->woken = false;
        } else {
            hand_over_locked(hub, waiter->wake_fd);
        }
    }
    pthread_mutex_unlock(&hub->lock);
    npx_fd_close(retired);
}

static bool was_cancelled(struct npx_waiter *waiters, size_t n,
                          struct npi_kept *set)
{
    if (atomic_load(&own.cancelled) || (set && npx_set_cancelled(set))) {
        return true;
    }
    for (size_t i = 0; i < n; i++) {
        struct npx_hub *hub = waiters[i].hub;
        pthread_mutex_lock(&hub->lock);
        bool cancelled = waiters[i].cancelled;
        pthread_mutex_unlock(&hub->lock);
        if (cancelled) {
            return true;
        }
    }
    return false;
}

bool npx_waiter_cancelled(struct npx_waiter *waiter)
{
    return was_cancelled(waiter, 1, NULL);
}

/* One poll; 0, or the errno, or ETIMEDOUT (the deadline's, not the slice's). */
static int poll_once(struct pollfd *fds, size_t n, npi_deadline deadline,
                     bool sliced)
{
    int64_t left = npi_left(deadline);
    bool slice = sliced && left > SLICE_NS;
    if (slice) {
        left = SLICE_NS;
    }
    struct timespec span = {(time_t)(left / NS_PER_S), (long)(left % NS_PER_S)};
    int count = ppoll(fds, (nfds_t)n, left == NPI_FOREVER ? NULL : &span, NULL);
    if (count < 0) {
        return errno;
    }
    return count == 0 && !slice ? ETIMEDOUT : 0;
}

static void drink(int wake_fd)
{
    uint64_t count;
    ssize_t unused = read(wake_fd, &count, sizeof count);
    (void)unused;
}

static int sleep_code(int result)
{
    switch (result) {
    case EINTR: return NP_INTERRUPTED;
    case ETIMEDOUT: return NP_TIMEOUT;
    case 0: return NP_OK;
    default:
        return npi_fail(NP_NO_SYSTEM_RESOURCES, "poll failed: errno %d",
                        result);
    }
}

/* fds[i] is what waiters[i] leads; then the thread's eventfd, then the set's
 * descriptor. */
static int sleep_with(struct npx_waiter *waiters, size_t n,
                      struct npi_kept *set, struct pollfd *fds,
                      npi_deadline deadline, bool sliced)
{
    int fd, wake_fd = waiters[0].wake_fd;
    bool sleep = true;
    for (size_t i = 0; i < n; i++) {
        sleep = begin_sleep(&waiters[i], &fd) && sleep;
        fds[i] = (struct pollfd){.fd = fd, .events = POLLIN};
    }
    fds[n] = (struct pollfd){.fd = wake_fd, .events = POLLIN};
    fds[n + 1] = (struct pollfd){.fd = -1, .events = POLLIN};
    if (set) {
        sleep = npx_set_begin_sleep(set, wake_fd, &fds[n + 1].fd) && sleep;
    }
    int result = sleep ? poll_once(fds, n + 2, deadline, sliced) : 0;
    if (fds[n].revents) {
        drink(wake_fd);
    }
    for (size_t i = 0; i < n; i++) {
        end_sleep(&waiters[i], fds[i].fd, fds[i].revents);
    }
    if (set) {
        npx_set_end_sleep(set, fds[n + 1].revents != 0);
    }
    return sleep_code(result);
}

int npx_hubs_sleep(struct npx_waiter *waiters, size_t n, struct npi_kept *set,
                   npi_deadline deadline)
{
    struct pollfd few[10], *fds = few;
    struct npi_interrupt interrupt = npi_interrupt_get();
    if (was_cancelled(waiters, n, set)) {
        return NP_OPERATION_ABORTED;
    }
    unsigned generation = atomic_load(&npi_generation);
    if (interrupt.check && interrupt.check(interrupt.arg)) {
        return NP_INTERRUPTED;
    }
    if (generation != atomic_load(&npi_generation)) {
        return NP_INVALID_HANDLE; /* the function forked: we are the child */
    }
    if (n + 2 > sizeof few / sizeof *few) {
        fds = calloc(n + 2, sizeof *fds);
        if (!fds) {
            return NP_NOT_ENOUGH_MEMORY;
        }
    }
    int code = sleep_with(waiters, n, set, fds, deadline,
                          interrupt.check != NULL);
    if (fds != few) {
        free(fds);
    }
    if (code == NP_INTERRUPTED && interrupt.check) {
        code = NP_OK; /* the next sleep asks first */
    }
    return was_cancelled(waiters, n, set) ? NP_OPERATION_ABORTED : code;
}

int npx_hub_sleep(struct npx_waiter *waiter, npi_deadline deadline)
{
    return npx_hubs_sleep(waiter, 1, NULL, deadline);
}
