/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The threads that wait for pending operations, one each. A thread that has
 * nothing to do stays for a while, so that a server which always has something
 * pending does not make a thread for each message. Workers block all
 * signals. */

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "npw.h"

#define IDLE_SECONDS 10

struct worker {
    struct npw_op *op;
    pthread_cond_t wake;
    struct worker *next;
};

static struct worker *idle; /* under npw_lock; the last to come goes first */

void npw_workers_forget(void)
{
    idle = NULL;
}

/* The core asks this when the operation begins to wait; to be told once is
 * enough, np_thread_cancel does the rest. */
static int begins_to_wait(void *op)
{
    np_set_interrupt(NULL, NULL);
    return npw_op_waits(op);
}

/* Under npw_lock: whether there is something to do again. */
static bool next_op(struct worker *worker)
{
    struct timespec until;
    int error = 0;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += IDLE_SECONDS;
    worker->op = NULL;
    worker->next = idle;
    idle = worker;
    while (!worker->op && error != ETIMEDOUT) {
        error = pthread_cond_timedwait(&worker->wake, &npw_lock, &until);
    }
    if (!worker->op) {
        struct worker **link = &idle;
        while (*link != worker) {
            link = &(*link)->next;
        }
        *link = worker->next;
    }
    return worker->op != NULL;
}

static void do_op(struct npw_op *op)
{
    np_thread *self;
    op->code = np_thread_self(&self);
    if (op->code == NP_OK) {
        np_thread_clear();
        npw_op_taken(op, self);
        np_set_interrupt(begins_to_wait, op);
        npw_op_call(op, NP_INFINITE);
        np_set_interrupt(NULL, NULL);
    }
    npw_op_over(op);
}

static void *work(void *op)
{
    struct worker worker = {.op = op};
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&worker.wake, &attributes);
    pthread_condattr_destroy(&attributes);
    bool more = true;
    while (more) {
        do_op(worker.op);
        pthread_mutex_lock(&npw_lock);
        more = next_op(&worker);
        pthread_mutex_unlock(&npw_lock);
    }
    pthread_cond_destroy(&worker.wake);
    return NULL;
}

/* Signals are for the program's own threads. */
static int make_worker(struct npw_op *op)
{
    pthread_t thread;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&thread, NULL, work, op);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error) {
        return NP_NO_SYSTEM_RESOURCES;
    }
    pthread_detach(thread);
    return NP_OK;
}

int npw_worker_start(struct npw_op *op)
{
    pthread_mutex_lock(&npw_lock);
    struct worker *worker = idle;
    if (worker) {
        idle = worker->next;
        worker->op = op;
        pthread_cond_signal(&worker->wake);
    }
    pthread_mutex_unlock(&npw_lock);
    return worker ? NP_OK : make_worker(op);
}
