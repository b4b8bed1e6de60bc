/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Sockets inside a name's directory.
 *
 * The address of a socket is a path of at most 107 bytes, and bind() and
 * connect() take no directory descriptor. /proc/self/fd/<directory>/i.0 is
 * short, and means the very directory that was checked. Only where /proc is not
 * mounted the plain path is used, if it is short enough; the check of the
 * server's user after connect() covers what may have been swapped meanwhile. */

#define _GNU_SOURCE 1

#include "linux/npx_socket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "linux/npx_base.h"
#include "linux/npx_fork.h"
#include "linux/npx_meta.h"

int npx_socket_make(int *sock_out)
{
    npx_fork_hold();
    int sock = npx_failing(NPI_FAULT("socket"))
                   ? -1
                   : npx_fd_keep(
                         socket(AF_UNIX,
                                SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    npx_fork_release();
    if (sock < 0) {
        return npx_fail_errno(errno, "make", "a socket");
    }
    *sock_out = sock;
    return NP_OK;
}

static bool proc_is_missing(void)
{
    return NPI_FAULT("proc") != 0 || access("/proc/self/fd", F_OK) != 0;
}

static bool plain_address(int meta_fd, const char *entry,
                          struct sockaddr_un *address)
{
    struct npx_meta meta;
    struct npi_name name;
    char base[sizeof address->sun_path];
    size_t n = sizeof address->sun_path;
    if (npx_header_read(meta_fd, &meta, &name) != NP_OK ||
        !npx_base_path(base, sizeof base)) {
        return false;
    }
    int length = snprintf(address->sun_path, n, "%s/%s/%s", base, name.file,
                          entry);
    return length > 0 && (size_t)length < n;
}

static int apply(bool binding, int sock, const struct sockaddr_un *address)
{
    const struct sockaddr *a = (const struct sockaddr *)address;
    int result;
    do {
        if (npx_failing(binding ? NPI_FAULT("bind") : NPI_FAULT("connect"))) {
            result = -1;
        } else {
            result = binding ? bind(sock, a, sizeof *address)
                             : connect(sock, a, sizeof *address);
        }
    } while (result != 0 && errno == EINTR);
    return result == 0 ? 0 : errno;
}

static int apply_in(bool binding, int sock, int dir_fd, int meta_fd, char kind,
                    unsigned slot)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char entry[NPX_ENTRY_SIZE];
    npx_entry(entry, kind, slot);
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s",
             dir_fd, entry);
    int error = NPI_FAULT("proc") ? ENOENT : apply(binding, sock, &address);
    if ((error == ENOENT || error == ENOTDIR) && proc_is_missing()) {
        error = plain_address(meta_fd, entry, &address)
                    ? apply(binding, sock, &address)
                    : ENAMETOOLONG;
    }
    return error;
}

int npx_socket_bind(int sock, int dir_fd, int meta_fd, char kind, unsigned slot)
{
    return apply_in(true, sock, dir_fd, meta_fd, kind, slot);
}

int npx_socket_connect(int sock, int dir_fd, int meta_fd, char kind,
                       unsigned slot)
{
    return apply_in(false, sock, dir_fd, meta_fd, kind, slot);
}
