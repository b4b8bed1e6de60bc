/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Waiting on Linux: hubs, waiters and the one place that sleeps. See the head
 * of npx_wait.c for the argument why no wake-up is lost. */

#ifndef NPX_WAIT_H
#define NPX_WAIT_H

#include <pthread.h>

#include "np_internal.h"

struct npx_hub;

struct npx_waiter;

/* Who wants to hear of a hub for longer than one call. Both are called under
 * the hub's lock. */
struct npx_standing {
    /* What npx_hub_wake does for others; true counts as one who waits. */
    bool (*wake)(struct npx_waiter *waiter, bool cancel);
    /* The hub's descriptor was `from` (still open) and will be `to`; or -1. */
    void (*move)(struct npx_waiter *waiter, int from, int to);
};

/* One blocked call at one hub; lives on the caller's stack. */
struct npx_waiter {
    struct npx_waiter *prev, *next;
    struct npx_hub *hub;
    const struct npx_standing *standing; /* or NULL, and then: */
    int wake_fd;                         /* the thread's own eventfd */
    bool sleeping;  /* under hub->lock: a wake must be written to wake_fd */
    bool woken;     /* under hub->lock: look again before sleeping */
    bool cancelled; /* under hub->lock: np_cancel or np_shutdown */
};

/* Where waiters meet: a descriptor that announces changes, and the list of who
 * wants to hear of them. */
struct npx_hub {
    pthread_mutex_t lock;
    struct npx_waiter *first, *last;
    struct npx_waiter *leader; /* who polls fd just now */
    int fd;                    /* -1: nothing to poll */
    int muted;                 /* open, but not polled any more, or -1 */
    int polled;                /* what the leader polls, else -1 */
    int retired;               /* closed by the leader when it comes back */
    /* Take what fd announces; called by one thread at a time, without lock.
     * revents is poll's. */
    void (*drain)(struct npx_hub *hub, int fd, short revents);
};

void npx_hub_init(struct npx_hub *hub,
                  void (*drain)(struct npx_hub *, int, short));
/* Close what it has; who stands there still may. Then, when nobody does: */
void npx_hub_close(struct npx_hub *hub);
void npx_hub_deinit(struct npx_hub *hub);

/* Put another descriptor (or -1) in place; the old one is closed (npx_fd_close)
 * as soon as nobody polls it. Wakes everybody. */
void npx_hub_set_fd(struct npx_hub *hub, int fd);

/* fd has said its last: if it is still the hub's, stop polling it and set
 * *ended. It stays open until the next set_fd or deinit. After a set_fd, *ended
 * is not set for an older fd any more. */
void npx_hub_mute(struct npx_hub *hub, int fd, atomic_bool *ended);

/* NP_NO_SYSTEM_RESOURCES when the thread's eventfd cannot be had. */
int npx_hub_join(struct npx_hub *hub, struct npx_waiter *waiter);
void npx_hub_leave(struct npx_waiter *waiter);
/* Stay until npx_hub_leave, which may come after npx_hub_close. */
void npx_hub_stand(struct npx_hub *hub, struct npx_waiter *waiter,
                   const struct npx_standing *standing);

/* Make all waiters look again; with cancel, end them. Returns how many. */
unsigned npx_hub_wake(struct npx_hub *hub, bool cancel);
/* Make one look again. */
void npx_waiter_wake(struct npx_waiter *waiter);

/* Whether it has been told to end. */
bool npx_waiter_cancelled(struct npx_waiter *waiter);

/* Sleep until woken or something is announced: 0, look again (also spurious);
 * NP_TIMEOUT, NP_INTERRUPTED, NP_OPERATION_ABORTED. The caller has joined and
 * has looked since. Whatever it returns: if npi_generation has changed, this is
 * the child of a fork() in the interrupt function, and neither the waiter nor
 * any lock may be touched. */
int npx_hub_sleep(struct npx_waiter *waiter, npi_deadline deadline);

struct npi_kept;
/* The same for one thread that has joined n hubs, and looks at a set (or NULL)
 * as well. */
int npx_hubs_sleep(struct npx_waiter *waiters, size_t n, struct npi_kept *set,
                   npi_deadline deadline);

#endif
