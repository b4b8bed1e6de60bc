/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The fork guard, see npx_fork.h.
 *
 * The kept descriptors are a bitmap indexed by number; marking one is an atomic
 * or, so that many threads may hold the guard (a read lock) at once. fork()
 * takes it for writing: then no descriptor is between being made and being
 * marked, or between being unmarked and being closed. */

#define _GNU_SOURCE 1

#include "linux/npx_fork.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <unistd.h>

#include "np_internal.h"

#define MAX_FDS (1 << 20)
#define WORD_BITS 64

static _Atomic uint64_t kept[MAX_FDS / WORD_BITS];
static atomic_int kept_limit; /* one past the highest ever kept */
static pthread_rwlock_t guard = PTHREAD_RWLOCK_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void before_fork(void)
{
    pthread_rwlock_wrlock(&guard);
}

static void after_fork_parent(void)
{
    pthread_rwlock_unlock(&guard);
}

static void after_fork_child(void)
{
    int limit = atomic_load(&kept_limit);
    for (int fd = 0; fd < limit; fd++) {
        uint64_t bit = UINT64_C(1) << (fd % WORD_BITS);
        if (atomic_load(&kept[fd / WORD_BITS]) & bit) {
            close(fd);
        }
        if (fd % WORD_BITS == WORD_BITS - 1 || fd == limit - 1) {
            atomic_store(&kept[fd / WORD_BITS], 0);
        }
    }
    atomic_store(&kept_limit, 0);
    /* Unlocked for those who check, and made anew: it may count readers that
     * were waiting in threads which do not exist here. */
    pthread_rwlock_unlock(&guard);
    pthread_rwlock_init(&guard, NULL);
    atomic_fetch_add(&npi_generation, 1);
}

static void install(void)
{
    pthread_atfork(before_fork, after_fork_parent, after_fork_child);
}

void npx_fork_hold(void)
{
    pthread_once(&once, install);
    pthread_rwlock_rdlock(&guard);
}

void npx_fork_release(void)
{
    pthread_rwlock_unlock(&guard);
}

static void mark(int fd)
{
    uint64_t bit = UINT64_C(1) << (fd % WORD_BITS);
    atomic_fetch_or(&kept[fd / WORD_BITS], bit);
    int limit = atomic_load(&kept_limit);
    while (limit <= fd &&
           !atomic_compare_exchange_weak(&kept_limit, &limit, fd + 1)) {
    }
}

static int refuse(int fd, int error)
{
    close(fd);
    errno = error;
    return -1;
}

int npx_fd_keep(int fd)
{
    if (fd < 0) {
        return -1;
    }
    if (fd <= STDERR_FILENO) {
        /* The program closed its standard streams; what it later prints must
         * not go to a peer. */
        int high = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        int error = errno;
        close(fd);
        if (high < 0) {
            errno = error;
            return -1;
        }
        fd = high;
    }
    if (fd >= MAX_FDS) {
        return refuse(fd, EMFILE);
    }
    mark(fd);
    return fd;
}

int npx_fd_copy(int fd)
{
    npx_fork_hold();
    int copy = NPI_FAULT("dup")
                   ? -1
                   : npx_fd_keep(fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    npx_fork_release();
    return copy;
}

void npx_fd_close_held(int fd)
{
    if (fd < 0) {
        return;
    }
    int error = errno;
    uint64_t bit = UINT64_C(1) << (fd % WORD_BITS);
    atomic_fetch_and(&kept[fd / WORD_BITS], ~bit);
    close(fd);
    errno = error;
}

void npx_fd_close(int fd)
{
    if (fd < 0) {
        return;
    }
    npx_fork_hold();
    npx_fd_close_held(fd);
    npx_fork_release();
}
