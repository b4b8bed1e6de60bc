/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Waiting for something to change about a name.
 *
 * One inotify descriptor serves all waiters of the process (a user has few of
 * them), through one hub: an event wakes all, and each looks for itself. It is
 * made by the first wait and kept; closing one is slow.
 *
 * WATCH BEFORE LOOK. A waiter watches a directory, looks, sleeps. It watches
 * the name's directory if there is one, else the runtime directory, where the
 * first one will appear; whenever that choice changes it looks again before it
 * sleeps. So a change is either seen by the look or announced after it.
 *
 * WHAT ANNOUNCES WHAT
 *   an instance listens    a change of mode in the name's directory, made last
 *   an instance goes       its meta file is closed; also by a process's end
 *   the pipe goes          the same, and the directory is removed
 *   a pipe appears         a directory is made in the runtime directory
 * A dying process's file is closed a moment before its locks are dropped, so
 * after each event there are second and third looks; and since events may be
 * lost (the queue is limited, file systems and kernels differ), a look every
 * 100 ms. Looks open files for reading only, which announces nothing, or
 * waiters would keep each other awake.
 *
 * FORK. The child gets a new hub, with the new generation; the old one stays in
 * memory, because waiters of threads that are gone may be linked there. A wait
 * that finds itself in a child (a signal's handler forked) owns no descriptor
 * any more and ends. */

#define _GNU_SOURCE 1

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "linux/npx_base.h"
#include "linux/npx_fork.h"
#include "linux/npx_meta.h"
#include "linux/npx_registry.h"
#include "linux/npx_wait.h"

#define NS_PER_MS 1000000

#define NAME_EVENTS (IN_ATTRIB | IN_CLOSE_WRITE | IN_DELETE_SELF | IN_ONLYDIR)
#define BASE_EVENTS (IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF | IN_ONLYDIR)

/* ------------------------------------------------------ the shared notifier */

/* A watch is of a directory, however many want it. */
struct watch {
    struct watch *next;
    int wd;
    unsigned users;
};

struct notifier {
    struct npx_hub hub;
    unsigned generation;
    struct notifier *inherited; /* unused, but not lost */
    pthread_mutex_t lock;       /* of the rest; taken before hub.lock */
    int fd;
    struct watch *watches;
};

static _Atomic(struct notifier *) current;

/* What has changed does not matter: everybody looks. */
static void drain(struct npx_hub *hub, int fd, short revents)
{
    char events[4096];
    (void)hub;
    (void)revents;
    while (read(fd, events, sizeof events) > 0) {
    }
}

static struct notifier *notifier_new(struct notifier *inherited)
{
    struct notifier *n = calloc(1, sizeof *n);
    if (n) {
        npx_hub_init(&n->hub, drain);
        pthread_mutex_init(&n->lock, NULL);
        n->generation = atomic_load(&npi_generation);
        n->inherited = inherited;
        n->fd = -1;
    }
    return n;
}

static void notifier_free(struct notifier *n)
{
    npx_hub_close(&n->hub);
    npx_hub_deinit(&n->hub);
    pthread_mutex_destroy(&n->lock);
    free(n);
}

/* This process's; NULL when there is no memory. */
static struct notifier *notifier_get(void)
{
    struct notifier *n = atomic_load(&current);
    while (!n || n->generation != atomic_load(&npi_generation)) {
        struct notifier *fresh = notifier_new(n);
        if (!fresh) {
            return NULL;
        }
        if (atomic_compare_exchange_strong(&current, &n, fresh)) {
            return fresh;
        }
        notifier_free(fresh);
    }
    return n;
}

/* Under n->lock. */
static bool start(struct notifier *n)
{
    if (n->fd >= 0) {
        return true;
    }
    npx_fork_hold();
    n->fd = npx_failing(NPI_FAULT("inotify"))
                ? -1
                : npx_fd_keep(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    npx_fork_release();
    if (n->fd >= 0) {
        npx_hub_set_fd(&n->hub, n->fd);
    }
    return n->fd >= 0;
}

static struct watch *use_watch(struct notifier *n, int wd)
{
    struct watch *w = n->watches;
    while (w && w->wd != wd) {
        w = w->next;
    }
    if (!w) {
        w = calloc(1, sizeof *w);
        if (!w) {
            inotify_rm_watch(n->fd, wd);
            return NULL;
        }
        w->wd = wd;
        w->next = n->watches;
        n->watches = w;
    }
    w->users++;
    return w;
}

/* NULL where inotify cannot be had. */
static struct watch *watch_add(struct notifier *n, int dir_fd, uint32_t events)
{
    char path[32];
    struct watch *w = NULL;
    snprintf(path, sizeof path, "/proc/self/fd/%d", dir_fd);
    pthread_mutex_lock(&n->lock);
    if (start(n)) {
        int wd = npx_failing(NPI_FAULT("watch"))
                     ? -1
                     : inotify_add_watch(n->fd, path, events);
        w = wd >= 0 ? use_watch(n, wd) : NULL;
    }
    pthread_mutex_unlock(&n->lock);
    return w;
}

/* The kernel forgets the watch of a directory that is removed, and gives its
 * number to no other; removing it again does nothing. */
static void watch_drop(struct notifier *n, struct watch *w)
{
    if (!w) {
        return;
    }
    pthread_mutex_lock(&n->lock);
    if (--w->users == 0) {
        struct watch **link = &n->watches;
        while (*link != w) {
            link = &(*link)->next;
        }
        *link = w->next;
        inotify_rm_watch(n->fd, w->wd);
        free(w);
    }
    pthread_mutex_unlock(&n->lock);
}

/* ----------------------------------------------------------------- one wait */

struct wait {
    const struct npi_name *name;
    enum npi_wait_for what;
    struct notifier *notifier;
    struct npx_waiter waiter;
    struct npx_view view; /* of the pipe while it lives, else -1 */
    struct watch *watch;
    dev_t dev; /* what is watched; meaningless before the first time */
    ino_t ino;
    unsigned naps; /* since something happened */
};

/* See to it that a directory is watched: true if it was not, so that who looked
 * before must look again. */
static bool watch_dir(struct wait *w, int dir_fd, uint32_t events)
{
    struct stat st;
    if (fstat(dir_fd, &st) != 0 ||
        (w->watch && st.st_dev == w->dev && st.st_ino == w->ino)) {
        return false;
    }
    struct watch *fresh = watch_add(w->notifier, dir_fd, events);
    watch_drop(w->notifier, w->watch);
    w->watch = fresh;
    w->dev = st.st_dev;
    w->ino = st.st_ino;
    return fresh != NULL;
}

/* There is no pipe, and one is waited for: watch its directory, left over or
 * just made, or else the runtime directory. */
static int watch_for_server(struct wait *w, bool *again_out)
{
    int base_fd, dir_fd;
    int code = npx_base_open(true, &base_fd);
    if (code != NP_OK) {
        return code;
    }
    code = npx_name_open(base_fd, w->name->file, false, &dir_fd);
    if (code == NP_OK) {
        *again_out = watch_dir(w, dir_fd, NAME_EVENTS);
        npx_fd_close(dir_fd);
    } else if (code == NP_FILE_NOT_FOUND) {
        *again_out = watch_dir(w, base_fd, BASE_EVENTS);
        code = NP_OK;
    }
    npx_fd_close(base_fd);
    return code;
}

static int room(const struct npx_view *view)
{
    uint32_t most = view->meta.max_instances;
    return most == NP_UNLIMITED_INSTANCES ||
                   npx_count(view->meta_fd, most) < most
               ? NP_OK
               : NP_PIPE_BUSY;
}

/* Look at a pipe that was found: what is waited for is there, NP_PIPE_BUSY, or
 * NP_FILE_NOT_FOUND. */
static int look_at_view(struct wait *w)
{
    return w->what == NPI_WAIT_ROOM ? room(&w->view)
                                    : npx_view_listening(&w->view);
}

static int find(struct wait *w)
{
    if (w->view.meta_fd >= 0) {
        return NP_OK;
    }
    int code = npx_view_look(w->name, &w->view);
    if (code == NP_OK) {
        code = npx_header_read(w->view.meta_fd, &w->view.meta, NULL);
    }
    return code;
}

/* Look, and watch what to look at next: NP_PIPE_BUSY means sleep now. With no
 * notifier it only looks. */
static int look(struct wait *w)
{
    for (;;) {
        bool again = false;
        int code = find(w);
        if (code == NP_OK) {
            code = look_at_view(w);
        }
        if (code == NP_PIPE_BUSY && w->notifier) {
            again = watch_dir(w, w->view.dir_fd, NAME_EVENTS);
        } else if (code == NP_FILE_NOT_FOUND) {
            npx_view_close(&w->view);
            if (w->what == NPI_WAIT_ROOM) {
                return NP_OK;
            }
            if (w->what == NPI_WAIT_LISTENING) {
                return code;
            }
            code = NP_OK;
            if (w->notifier) {
                code = watch_for_server(w, &again);
            }
            code = code == NP_OK ? NP_PIPE_BUSY : code;
        }
        if (!again) {
            return code;
        }
    }
}

/* Until something happens, or it is time to look anyway. */
static int nap(struct wait *w, npi_deadline deadline)
{
    static const int64_t event_naps[] = {1, 9, 100};
    int64_t ms;
    if (w->watch) {
        ms = event_naps[w->naps < 2 ? w->naps : 2];
    } else {
        ms = w->naps < 4 ? 1 << w->naps : 16;
    }
    npi_deadline soon = npi_now() + ms * NS_PER_MS;
    bool last = deadline <= soon;
    int code = npx_hub_sleep(&w->waiter, last ? deadline : soon);
    if (code == NP_OK) {
        w->naps = 0;
    } else if (code == NP_TIMEOUT && !last) {
        w->naps++;
        code = NP_OK;
    }
    return code == NP_TIMEOUT ? NP_SEM_TIMEOUT : code;
}

static bool has_forked(const struct wait *w)
{
    return w->notifier->generation != atomic_load(&npi_generation);
}

static int sleep_until(struct wait *w, const struct npi_changes *changes,
                       npi_deadline deadline)
{
    int code = NP_OK;
    while (code == NP_OK) {
        if (npi_changed(changes)) {
            return NP_OK;
        }
        code = look(w);
        if (code != NP_PIPE_BUSY) {
            return code;
        }
        code = npi_left(deadline) == 0 ? NP_SEM_TIMEOUT : nap(w, deadline);
        if (has_forked(w)) {
            return NP_INTERRUPTED;
        }
    }
    return code;
}

static int wait_with(struct wait *w, const struct npi_changes *changes,
                     npi_deadline deadline)
{
    w->notifier = notifier_get();
    if (!w->notifier) {
        return NP_NOT_ENOUGH_MEMORY;
    }
    int code = npx_hub_join(&w->notifier->hub, &w->waiter);
    if (code != NP_OK) {
        return code;
    }
    w->naps = 2; /* nothing has happened yet */
    code = sleep_until(w, changes, deadline);
    if (has_forked(w)) {
        w->view.dir_fd = w->view.meta_fd = -1;
        return code;
    }
    npx_hub_leave(&w->waiter);
    watch_drop(w->notifier, w->watch);
    return code;
}

int npi_os_wait(const struct npi_name *name, enum npi_wait_for what,
                const struct npi_changes *changes, npi_deadline deadline)
{
    struct wait w = {.name = name, .what = what, .view = {-1, -1, {0}}};
    int code = look(&w);
    if (code == NP_PIPE_BUSY) {
        code = npi_left(deadline) == 0 ? NP_SEM_TIMEOUT
                                       : wait_with(&w, changes, deadline);
    }
    npx_view_close(&w.view);
    return code;
}

void npi_os_kick(void)
{
    struct notifier *n = atomic_load(&current);
    if (n && n->generation == atomic_load(&npi_generation)) {
        npx_hub_wake(&n->hub, false);
    }
}
