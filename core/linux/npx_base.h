/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The runtime directory, and how files below it are opened: relative to a
 * directory that has been checked, never through a link, never waiting, kept by
 * the fork guard. npx_base_open is in npx_registry.h. */

#ifndef NPX_BASE_H
#define NPX_BASE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Where the runtime directory is; false when that is no absolute path, or too
 * long a one for n bytes. */
bool npx_base_path(char *path_out, size_t n);

/* openat() with CLOEXEC, NOFOLLOW and NONBLOCK; kept. -1 with errno set. */
int npx_openat(int dir_fd, const char *name, int flags, mode_t mode);

/* Whether an open directory belongs to this user alone: NP_ACCESS_DENIED with a
 * detail that calls it path. */
int npx_dir_check(int dir_fd, const char *path);

/* The code for an errno, with the detail "cannot <doing> <what>: <why>". */
int npx_fail_errno(int error, const char *doing, const char *what);

/* Call visit for every entry but "." and "..", until it returns false. Entries
 * may be removed meanwhile. 0, or the errno. */
int npx_dir_each(int dir_fd, bool (*visit)(void *arg, const char *name),
                 void *arg);

/* Whether a fault point fails the call it stands for: then errno is set. */
static inline bool npx_failing(int fault)
{
    if (fault != 0) {
        errno = fault;
    }
    return fault != 0;
}

#endif
