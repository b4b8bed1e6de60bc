/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The runtime directory: $NAMEDPIPE_DIR, else $XDG_RUNTIME_DIR/namedpipe, else
 * /tmp/namedpipe-<uid>.
 *
 * It is the whole protection against other users: who can neither enter nor
 * replace it can neither squat a name nor listen to a client. It is therefore
 * opened first, without following a link, and what was opened is checked: ours,
 * and closed to everybody else. All further steps go from that descriptor, so a
 * directory that is swapped after the check is not looked at. It is opened
 * again for each operation on a name, because the program may change its
 * environment and somebody may remove the directory.
 *
 * An $XDG_RUNTIME_DIR that is another user's, as after su or sudo, is not used:
 * we could not work there, or would leave a directory in it that its owner
 * cannot use. Both environment variables are ignored in setuid programs. */

#define _GNU_SOURCE 1 /* secure_getenv, syscall */

#include "linux/npx_base.h"

#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "linux/npx_fork.h"
#include "linux/npx_registry.h"
#include "np_internal.h"

#define ADVICE "; set NAMEDPIPE_DIR to a directory of your own (mode 0700)"

/* ------------------------------------------------------------------- errors */

static int code_of(int error)
{
    switch (error) {
    case EACCES:
    case EPERM:
    case EROFS:
    case ELOOP:
    case ENOTDIR: return NP_ACCESS_DENIED;
    case ENAMETOOLONG: return NP_BAD_PATHNAME;
    default: return NP_NO_SYSTEM_RESOURCES;
    }
}

int npx_fail_errno(int error, const char *doing, const char *what)
{
    return npi_fail(code_of(error), "cannot %s %s: %s", doing, what,
                    strerror(error));
}

/* ------------------------------------------------------------------ opening */

int npx_openat(int dir_fd, const char *name, int flags, mode_t mode)
{
    int fd;
    flags |= O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
    do {
        npx_fork_hold();
        fd = npx_failing(NPI_FAULT("open"))
                 ? -1
                 : npx_fd_keep(openat(dir_fd, name, flags, mode));
        npx_fork_release();
    } while (fd < 0 && errno == EINTR);
    return fd;
}

/* Whether $XDG_RUNTIME_DIR is what its specification says: ours. */
static bool is_own_dir(const char *path)
{
    struct stat st;
    return path[0] == '/' && stat(path, &st) == 0 && S_ISDIR(st.st_mode) &&
           st.st_uid == geteuid();
}

/* A slash at the end would let the last step follow a link. */
static void strip_slashes(char *path)
{
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/') {
        path[--n] = '\0';
    }
}

bool npx_base_path(char *path_out, size_t n)
{
    const char *own = secure_getenv("NAMEDPIPE_DIR");
    const char *xdg = secure_getenv("XDG_RUNTIME_DIR");
    int length;
    if (own && *own) {
        length = snprintf(path_out, n, "%s", own);
    } else if (xdg && is_own_dir(xdg)) {
        length = snprintf(path_out, n, "%s/namedpipe", xdg);
    } else {
        length = snprintf(path_out, n, "/tmp/namedpipe-%lu",
                          (unsigned long)geteuid());
    }
    if (length < 0 || (size_t)length >= n || path_out[0] != '/') {
        return false;
    }
    strip_slashes(path_out);
    return true;
}

int npx_dir_check(int dir_fd, const char *path)
{
    struct stat st;
    if (fstat(dir_fd, &st) != 0) {
        return npx_fail_errno(errno, "look at", path);
    }
    if (st.st_uid != geteuid() || (st.st_mode & 077) != 0) {
        return npi_fail(NP_ACCESS_DENIED,
                        "the directory %s belongs to user %lu and has mode "
                        "%04o, but must be user %lu's alone" ADVICE,
                        path, (unsigned long)st.st_uid,
                        (unsigned)(st.st_mode & 07777),
                        (unsigned long)geteuid());
    }
    return NP_OK;
}

static int open_path(const char *path, bool make)
{
    int fd = npx_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0 && errno == ENOENT && make) {
        if (mkdir(path, 0700) != 0 && errno != EEXIST) {
            return -1;
        }
        fd = npx_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
    }
    return fd;
}

int npx_base_open(bool make, int *fd_out)
{
    char path[PATH_MAX];
    if (!npx_base_path(path, sizeof path)) {
        return npi_fail(NP_BAD_PATHNAME,
                        "NAMEDPIPE_DIR must be an absolute path");
    }
    int fd = open_path(path, make);
    if (fd < 0 && errno == ENOENT && !make) {
        return NP_FILE_NOT_FOUND;
    }
    if (fd < 0) {
        int error = errno == ENOENT ? ENOTDIR : errno;
        return npi_fail(code_of(error),
                        "cannot %s the runtime directory %s: %s" ADVICE,
                        make ? "make or open" : "open", path, strerror(errno));
    }
    int code = npx_dir_check(fd, path);
    if (code != NP_OK) {
        npx_fd_close(fd);
        return code;
    }
    *fd_out = fd;
    return NP_OK;
}

/* ------------------------------------------------------------------ listing */

/* The kernel's record of a directory entry: inode and offset, 8 bytes each;
 * length, 2; type, 1; the name. readdir() would want a descriptor of its own
 * and close it behind the fork guard's back. */
#define ENTRY_LENGTH 16
#define ENTRY_NAME 19

int npx_dir_each(int dir_fd, bool (*visit)(void *arg, const char *name),
                 void *arg)
{
    _Alignas(uint64_t) char buffer[4096];
    if (lseek(dir_fd, 0, SEEK_SET) != 0) {
        return errno;
    }
    for (;;) {
        long got = syscall(SYS_getdents64, dir_fd, buffer, sizeof buffer);
        if (got <= 0) {
            return got < 0 ? errno : 0;
        }
        for (long at = 0; at < got;) {
            uint16_t length;
            const char *name = buffer + at + ENTRY_NAME;
            memcpy(&length, buffer + at + ENTRY_LENGTH, sizeof length);
            at += length;
            if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
                !visit(arg, name)) {
                return 0;
            }
        }
    }
}
