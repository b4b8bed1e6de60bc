/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* What a thread selects again and again.
 *
 * To look at a handle, and to ask to be rung when it changes, costs a tenth of
 * a microsecond; of a thousand handles that are the same as last time few have
 * changed. So a thread keeps what it selected last, as a set: an epoll
 * descriptor over the handles' own, and a standing waiter at each one's hub. A
 * handle of the set is either
 *   hot    looked at in each round: it was ready lately, or something happened
 *   cold   not looked at: it was armed, was not ready after that, and nothing
 *          has happened since.
 *
 * WHY NO WAKE-UP IS LOST. To make one cold is to take it out of the hot list,
 * to arm it and to look, in this order (NPX_ARM). Whatever happens to it before
 * the look is seen by the look. What happens afterwards is announced on its
 * descriptor, which the epoll reports until it is read, or wakes its hub: and
 * who reads the descriptor in our place wakes the hub (W1 of npx_wait.c). A
 * woken hub puts it back into the list, and a thread that has something
 * `stirred` since it began to look does not sleep; it is woken by its eventfd
 * if it does (W2). A handle's new descriptor takes the old one's place in the
 * epoll under the hub's lock, before the old one is closed.
 *   Those that listen stay hot, for the sake of their greetings' deadlines.
 *   While some are always ready the epoll is still asked every few rounds.
 *
 * LOCKS. The set's comes last, after a hub's; it protects the list and flags.
 * Everything else belongs to the thread. */

#define _GNU_SOURCE 1

#include "linux/npx_set.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "linux/npx_base.h"
#include "linux/npx_fork.h"

#define EVENTS 128
#define ROUNDS 8 /* the epoll is asked at least so often */

/* ------------------------------------------------------------- hot and cold */

static void heat_locked(struct npi_kept *set, struct npx_member *m)
{
    if (!m->hot) {
        m->hot = true;
        m->next_hot = set->hot;
        set->hot = m;
    }
}

static void stir_locked(struct npi_kept *set)
{
    set->stirred = true;
    if (set->sleeping) {
        uint64_t one = 1;
        set->sleeping = false;
        ssize_t unused = write(set->wake_fd, &one, sizeof one);
        (void)unused; /* full means readable */
    }
}

/* Something has happened at the hub; by any thread. */
static bool wake(struct npx_waiter *waiter, bool cancel)
{
    struct npx_member *m = npx_member_of(waiter);
    struct npi_kept *set = m->set;
    pthread_mutex_lock(&set->lock);
    heat_locked(set, m);
    set->cancelled |= cancel && set->waiting;
    stir_locked(set);
    bool waits = set->waiting;
    pthread_mutex_unlock(&set->lock);
    return waits;
}

static void move(struct npx_waiter *waiter, int from, int to)
{
    struct npx_member *m = npx_member_of(waiter);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = m};
    bool failed = false;
    if (from >= 0) {
        epoll_ctl(m->set->epoll, EPOLL_CTL_DEL, from, &event);
    }
    if (to >= 0) {
        failed = npx_failing(NPI_FAULT("epoll_ctl")) ||
                 epoll_ctl(m->set->epoll, EPOLL_CTL_ADD, to, &event) != 0;
    }
    pthread_mutex_lock(&m->set->lock);
    heat_locked(m->set, m);
    m->set->lost |= failed;
    stir_locked(m->set);
    pthread_mutex_unlock(&m->set->lock);
}

const struct npx_standing npx_set_standing = {.wake = wake, .move = move};

/* ------------------------------------------------------------------ looking */

static void drain(struct npx_pipe *h)
{
    pthread_mutex_lock(&h->in.lock);
    npx_link_drain(h);
    pthread_mutex_unlock(&h->in.lock);
}

/* A closed handle is ready, so that its error is seen. */
static bool is_ready(struct npx_member *m, enum npx_how how)
{
    if (npi_handle_enter(m->pipe) != NP_OK) {
        return true;
    }
    bool ready = npx_ready(npx_of(m->pipe), how);
    npi_handle_leave(m->pipe);
    return ready;
}

static void take_off(struct npx_member *m)
{
    if (m->rang && npi_handle_enter(m->pipe) == NP_OK) {
        drain(npx_of(m->pipe));
        npi_handle_leave(m->pipe);
    }
    m->rang = false;
}

/* One that was taken out of the list, with its mark still set. */
static bool look_at(struct npi_kept *set, struct npx_member *m,
                    enum npx_how how)
{
    bool arm = how == NPX_ARM;
    take_off(m); /* before it can be cold: this wakes the hub */
    if (arm) {
        pthread_mutex_lock(&set->lock);
        m->hot = false;
        pthread_mutex_unlock(&set->lock);
    }
    bool ready = is_ready(m, how);
    bool stays = !arm || ready ||
                 atomic_load(&npx_of(m->pipe)->state) == NP_LISTENING;
    pthread_mutex_lock(&set->lock);
    m->hot &= arm; /* without arming it is in no list */
    if (stays) {
        heat_locked(set, m);
    }
    pthread_mutex_unlock(&set->lock);
    return ready;
}

size_t npx_set_look(struct npi_kept *set, np_select_item *items,
                    enum npx_how how)
{
    size_t count = 0;
    pthread_mutex_lock(&set->lock);
    struct npx_member *m = set->hot, *next;
    set->hot = NULL;
    set->stirred = false;
    pthread_mutex_unlock(&set->lock);
    for (; m; m = next) {
        next = m->next_hot;
        items[m->index].ready = look_at(set, m, how);
        count += items[m->index].ready;
    }
    return count;
}

/* Heat what the epoll reports. */
static bool ask(struct npi_kept *set)
{
    struct epoll_event events[EVENTS];
    int n = epoll_wait(set->epoll, events, EVENTS, 0);
    set->rounds = 0;
    pthread_mutex_lock(&set->lock);
    for (int i = 0; i < n; i++) {
        struct npx_member *m = events[i].data.ptr;
        m->rang = true;
        heat_locked(set, m);
    }
    pthread_mutex_unlock(&set->lock);
    return n > 0;
}

size_t npx_set_glance(struct npi_kept *set, np_select_item *items, bool sleeps)
{
    size_t count = npx_set_look(set, items, NPX_GLANCE);
    bool needed = count == 0 ? !sleeps : ++set->rounds >= ROUNDS;
    if (needed && ask(set)) {
        count = npx_set_look(set, items, NPX_GLANCE);
    }
    return count;
}

/* ----------------------------------------------------------------- sleeping */

void npx_set_begin(struct npi_kept *set)
{
    pthread_mutex_lock(&set->lock);
    set->waiting = true;
    set->cancelled = false;
    pthread_mutex_unlock(&set->lock);
}

void npx_set_end(struct npi_kept *set)
{
    pthread_mutex_lock(&set->lock);
    set->waiting = false;
    set->cancelled = false;
    pthread_mutex_unlock(&set->lock);
}

bool npx_set_cancelled(struct npi_kept *set)
{
    pthread_mutex_lock(&set->lock);
    bool cancelled = set->cancelled;
    pthread_mutex_unlock(&set->lock);
    return cancelled;
}

bool npx_set_begin_sleep(struct npi_kept *set, int wake_fd, int *fd_out)
{
    pthread_mutex_lock(&set->lock);
    bool sleep = !set->stirred;
    set->sleeping = sleep;
    set->wake_fd = wake_fd;
    pthread_mutex_unlock(&set->lock);
    *fd_out = set->epoll;
    return sleep;
}

void npx_set_end_sleep(struct npi_kept *set, bool announced)
{
    pthread_mutex_lock(&set->lock);
    set->sleeping = false;
    pthread_mutex_unlock(&set->lock);
    if (announced) {
        ask(set);
    }
}

/* What stands in the list is changed by this thread only; others put new ones
 * in front. */
npi_deadline npx_set_greet_by(struct npi_kept *set, npi_deadline deadline)
{
    pthread_mutex_lock(&set->lock);
    struct npx_member *m = set->hot;
    pthread_mutex_unlock(&set->lock);
    for (; m; m = m->next_hot) {
        if (npi_handle_enter(m->pipe) == NP_OK) {
            deadline = npx_greet_by(npx_of(m->pipe), deadline);
            npi_handle_leave(m->pipe);
        }
    }
    return deadline;
}

bool npx_set_lost(struct npi_kept *set)
{
    pthread_mutex_lock(&set->lock);
    bool lost = set->lost;
    pthread_mutex_unlock(&set->lock);
    return lost;
}
