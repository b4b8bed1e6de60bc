/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Which handles a thread's set (npx_set.c) is of.
 *
 * WHOSE MEMORY. A set owns the memory of its handles, not the handles: closed
 * by others they lose their descriptors at once, but their addresses are not
 * given to new handles, which makes "the same as last time" a comparison of
 * pointers. It is returned when the thread selects something else, or ends.
 *
 * FORK. The child's thread has a set of handles that are dead there, and
 * forgets it. */

#define _GNU_SOURCE 1

#include <stdlib.h>

#include "linux/npx_set.h"

/* Below, looking at all of them costs less than asking the system. */
#ifndef NPX_SET_LEAST
#define NPX_SET_LEAST 16
#endif

/* ------------------------------------------------------ what belongs to it */

/* Nobody reaches those that have left their hubs, but by the list. */
static void unlist(struct npi_kept *set)
{
    pthread_mutex_lock(&set->lock);
    struct npx_member **link = &set->hot;
    while (*link) {
        if ((*link)->stamp == set->stamp) {
            link = &(*link)->next_hot;
        } else {
            *link = (*link)->next_hot;
        }
    }
    pthread_mutex_unlock(&set->lock);
}

/* Let go of those that were not named last. */
static void sweep(struct npi_kept *set)
{
    struct npx_member **link = &set->all, *m, *gone = NULL;
    while ((m = *link)) {
        if (m->stamp == set->stamp) {
            link = &m->next;
            continue;
        }
        *link = m->next;
        m->next = gone;
        gone = m;
        npx_hub_leave(&m->waiter);
    }
    unlist(set);
    while ((m = gone)) {
        gone = m->next;
        npi_handle_drop(m->pipe);
        free(m);
    }
}

static void clear(struct npi_kept *set)
{
    free(set->key);
    set->key = NULL;
    set->n = 0;
    set->stamp++;
    sweep(set);
    pthread_mutex_lock(&set->lock);
    set->lost = false;
    pthread_mutex_unlock(&set->lock);
}

/* This set's entry of a handle, or NULL. */
static struct npx_member *find(struct npi_kept *set, struct npx_hub *hub)
{
    pthread_mutex_lock(&hub->lock);
    struct npx_waiter *w = hub->first;
    while (w && !(w->standing == &npx_set_standing &&
                  npx_member_of(w)->set == set)) {
        w = w->next;
    }
    pthread_mutex_unlock(&hub->lock);
    return w ? npx_member_of(w) : NULL;
}

/* False: there is no memory, or it is named twice. */
static bool name_entered(struct npi_kept *set, np_pipe *pipe, size_t index)
{
    struct npx_hub *hub = &npx_of(pipe)->hub;
    struct npx_member *m = find(set, hub);
    if (m && m->stamp == set->stamp) {
        return false;
    }
    if (!m) {
        m = calloc(1, sizeof *m);
        if (!m) {
            return false;
        }
        m->set = set;
        m->pipe = pipe;
        m->next = set->all;
        set->all = m;
        npi_handle_keep(pipe);
        npx_hub_stand(hub, &m->waiter, &npx_set_standing);
    }
    m->stamp = set->stamp;
    m->index = index;
    return true;
}

/* A closed handle is none of a set's. */
static bool name(struct npi_kept *set, np_pipe *pipe, size_t index)
{
    bool named = false;
    if (npi_handle_enter(pipe) == NP_OK) {
        named = name_entered(set, pipe, index);
        npi_handle_leave(pipe);
    }
    return named;
}

static bool adopt(struct npi_kept *set, const np_select_item *items, size_t n)
{
    np_pipe **key = calloc(n, sizeof *key);
    bool all = key != NULL;
    set->stamp++;
    for (size_t i = 0; i < n && all; i++) {
        key[i] = items[i].pipe;
        all = !key[i] || name(set, key[i], i);
    }
    free(set->key);
    set->key = key;
    set->n = n;
    sweep(set);
    if (!all || npx_set_lost(set)) {
        clear(set);
        return false;
    }
    return true;
}

/* ----------------------------------------------------------- a thread's own */

static _Thread_local struct npi_kept *own;
static pthread_key_t own_key;
static pthread_once_t own_once = PTHREAD_ONCE_INIT;

static void own_drop(void *unused)
{
    (void)unused;
    struct npi_kept *set = own;
    own = NULL;
    if (set && set->generation == atomic_load(&npi_generation)) {
        clear(set);
        npi_os_group_free(set->epoll);
        pthread_mutex_destroy(&set->lock);
        free(set);
    }
}

static void own_key_make(void)
{
    pthread_key_create(&own_key, own_drop);
}

/* NULL: there is no memory, or no descriptor. */
static struct npi_kept *own_get(void)
{
    unsigned generation = atomic_load(&npi_generation);
    if (own && own->generation == generation) {
        return own;
    }
    np_thread *thread; /* which keeps the library, and own_drop, in memory */
    struct npi_kept *set = calloc(1, sizeof *set);
    if (!set || np_thread_self(&thread) != NP_OK ||
        npi_os_group_new(&set->epoll) != NP_OK) {
        free(set);
        return NULL;
    }
    pthread_mutex_init(&set->lock, NULL);
    set->generation = generation;
    set->inherited = own;
    own = set;
    pthread_once(&own_once, own_key_make);
    pthread_setspecific(own_key, set);
    return set;
}

static bool is_same(const struct npi_kept *set, const np_select_item *items,
                    size_t n)
{
    if (set->n != n) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (set->key[i] != items[i].pipe) {
            return false;
        }
    }
    return true;
}

static uint64_t fingerprint(const np_select_item *items, size_t n)
{
    uint64_t print = n;
    for (size_t i = 0; i < n; i++) {
        print = (print ^ (uintptr_t)items[i].pipe) * 0x9E3779B97F4A7C15u;
    }
    return print;
}

/* To make a set of them costs more than to look at them once, so it is done for
 * what is selected a second time; and not again where the system has failed us.
 */
struct npi_kept *npi_os_kept(const np_select_item *items, size_t n)
{
    struct npi_kept *set = n >= NPX_SET_LEAST ? own_get() : NULL;
    if (!set) {
        return NULL;
    }
    bool lost = npx_set_lost(set);
    if (!lost && is_same(set, items, n)) {
        return set;
    }
    uint64_t print = fingerprint(items, n), before = set->seen;
    set->seen = print;
    if (lost) {
        clear(set); /* who is not heard of must not stay */
        set->refused = print;
    }
    if (print != before || print == set->refused) {
        return NULL;
    }
    if (!adopt(set, items, n)) {
        set->refused = print;
        return NULL;
    }
    return set;
}
