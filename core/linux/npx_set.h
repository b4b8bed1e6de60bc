/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* What a thread selects again and again; the argument is at the head of
 * npx_set.c. Only the thread it belongs to calls these. */

#ifndef NPX_SET_H
#define NPX_SET_H

#include "linux/npx.h"

/* A handle of a set. */
struct npx_member {
    struct npx_waiter waiter; /* first, see npx_member_of */
    struct npi_kept *set;
    np_pipe *pipe;
    size_t index; /* among the items */
    unsigned stamp;
    bool rang; /* the epoll has reported it */
    bool hot;  /* in the list, or about to be; under lock */
    struct npx_member *next_hot, *next;
};

/* The set. */
struct npi_kept {
    unsigned generation;
    struct npi_kept *inherited; /* unused, but not lost */
    int epoll;
    size_t n;      /* of the items */
    np_pipe **key; /* theirs, NULL for servers */
    struct npx_member *all;
    uint64_t seen, refused; /* fingerprints of others */
    unsigned stamp, rounds;

    pthread_mutex_t lock;
    struct npx_member *hot;
    int wake_fd;
    bool stirred;   /* one has become hot, or has been while looked at */
    bool sleeping;  /* a wake must be written to wake_fd */
    bool waiting;   /* a select waits for it */
    bool cancelled; /* and shall end */
    bool lost;      /* a descriptor could not be watched */
};

static inline struct npx_member *npx_member_of(struct npx_waiter *waiter)
{
    return (struct npx_member *)waiter;
}

/* --------------------------------------------------------------- npx_set.c */

/* Look at those that may be ready, at most: how many of the items are, whose
 * `ready` is set. NPX_ARM: from then on the others are heard of. */
size_t npx_set_look(struct npi_kept *set, np_select_item *items,
                    enum npx_how how);
/* The same, NPX_GLANCE, having asked the system if need be; who goes on to
 * sleep if there is none (`sleeps`) is told by that. */
size_t npx_set_glance(struct npi_kept *set, np_select_item *items, bool sleeps);

/* Between these, a cancel of one of its handles is for the set. */
void npx_set_begin(struct npi_kept *set);
void npx_set_end(struct npi_kept *set);
bool npx_set_cancelled(struct npi_kept *set);

/* Around a poll of *fd_out: false if there is something to look at. */
bool npx_set_begin_sleep(struct npi_kept *set, int wake_fd, int *fd_out);
void npx_set_end_sleep(struct npi_kept *set, bool announced);

/* The first time that a greeting of one is up before the deadline. */
npi_deadline npx_set_greet_by(struct npi_kept *set, npi_deadline deadline);
/* Whether it has ceased to hear of one; the next npi_os_kept sees to that. */
bool npx_set_lost(struct npi_kept *set);
/* How a member stands at its handle's hub. */
extern const struct npx_standing npx_set_standing;

#endif
