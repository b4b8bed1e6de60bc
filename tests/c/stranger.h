/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* A client that knows the socket's path and little else: it connects to an
 * instance and sends bytes and descriptors of its own choice. The including
 * file defines _GNU_SOURCE. */

#ifndef STRANGER_H
#define STRANGER_H

#include <fcntl.h>
#include <linux/memfd.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "pair.h"
#include "witness.h"

/* What npx_hello.c expects. */
struct stranger_hello {
    uint32_t magic, format;
    uint64_t size, zero[6];
};

/* A connection to the instance in a slot; -1 when it takes none. */
static inline int stranger_connect(const char *text, unsigned slot)
{
    struct npi_name name;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    pair_must(npi_name_parse(text, &name), "parse");
    int length = snprintf(address.sun_path, sizeof address.sun_path,
                          "%s/%.60s/i.%u", check_path, name.file, slot);
    CHECK(length < (int)sizeof address.sun_path);
    int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (connect(sock, (struct sockaddr *)&address, sizeof address) != 0) {
        close(sock);
        return -1;
    }
    return sock;
}

#define STRANGER_FDS 253 /* the most the kernel carries at once */

static inline ssize_t stranger_send(int sock, const void *data, size_t n,
                                    const int *fds, size_t count)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(STRANGER_FDS * sizeof(int))];
    } control;
    struct iovec part = {(void *)(uintptr_t)data, n};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (count > 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
        struct cmsghdr *cmsg = CMSG_FIRSTHDR(&message);
        cmsg->cmsg_level = SOL_SOCKET;
        cmsg->cmsg_type = SCM_RIGHTS;
        cmsg->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(cmsg), fds, count * sizeof(int));
    }
    return sendmsg(sock, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* ------------------------------------------------------------------- memfds */

#define STRANGER_SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

static inline size_t stranger_size(uint32_t quota)
{
    uint64_t ring = npi_ring_most(quota);
    return (size_t)npi_shm_size(ring, ring);
}

/* A memfd that is filled in as the header says, and sealed. */
static inline int stranger_memfd(size_t size, const struct npi_shm *header,
                                 int seals, unsigned flags)
{
    int fd = memfd_create("stranger", MFD_CLOEXEC | MFD_ALLOW_SEALING | flags);
    if (fd < 0 || ftruncate(fd, (off_t)size) != 0) {
        close(fd);
        return -1;
    }
    ssize_t n = header ? pwrite(fd, header, sizeof *header, 0) : 0;
    (void)n;
    CHECK(seals == 0 || fcntl(fd, F_ADD_SEALS, seals) == 0);
    return fd;
}

static inline struct npi_shm stranger_header(uint32_t quota)
{
    uint64_t ring = npi_ring_most(quota);
    struct npi_shm header;
    memset(&header, 0, sizeof header);
    header.magic = NPI_MAGIC;
    header.format = NPI_FORMAT;
    header.size = stranger_size(quota);
    header.ring[0] = header.ring[1] = ring;
    return header;
}

static inline int stranger_good_memfd(uint32_t quota)
{
    struct npi_shm header = stranger_header(quota);
    return stranger_memfd(stranger_size(quota), &header, STRANGER_SEALS, 0);
}

static inline struct stranger_hello stranger_good_hello(uint32_t quota)
{
    return (struct stranger_hello){
        NPI_MAGIC, NPI_FORMAT, stranger_size(quota), {0}};
}

/* -------------------------------------------------------- other descriptors */

/* The same file, for reading only. */
static inline int stranger_reopen(int fd, int flags)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int other = open(path, flags | O_CLOEXEC);
    close(fd);
    return other;
}

static inline int stranger_file(const char *dir, size_t size)
{
    char path[128];
    snprintf(path, sizeof path, "%s/np-stranger-XXXXXX", dir);
    int fd = mkstemp(path);
    if (fd >= 0) {
        unlink(path);
        CHECK_EQ(ftruncate(fd, (off_t)size), 0);
    }
    return fd;
}

/* A TCP connection whose last close waits some seconds for data that nobody
 * reads; *other_out is its other end. */
static inline int stranger_lingering(int seconds, int *other_out)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    static char data[65536];
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    *other_out = -1;
    if (bind(listener, (struct sockaddr *)&address, length) == 0 &&
        listen(listener, 1) == 0 &&
        getsockname(listener, (struct sockaddr *)&address, &length) == 0 &&
        connect(sock, (struct sockaddr *)&address, length) == 0) {
        *other_out = accept(listener, NULL, NULL);
    }
    close(listener);
    if (*other_out < 0) {
        close(sock);
        return -1;
    }
    struct linger linger = {1, seconds};
    setsockopt(sock, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    while (send(sock, data, sizeof data, MSG_DONTWAIT) > 0) {
    }
    return sock;
}

#endif
