/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* What crosses the socket: the hello with the shared memory, then single bytes
 * that mean "look", never anything else.
 *
 * The client makes the memory: a sealed memfd whose size both sides compute
 * from the quotas the server has published. Everything about it is checked
 * before it is touched, because touching the wrong kind of file kills:
 *   - exactly one descriptor, nothing truncated;
 *   - a memfd of ordinary pages (not huge ones, not a disk's), which cannot
 *     shrink or grow any more and can be written;
 *   - of exactly the size expected; its header page can be populated;
 *   - the header says what we would have written.
 * Sizes and layout are used from our own computation, never from the header. */

#define _GNU_SOURCE 1

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/memfd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "linux/npx.h"
#include "linux/npx_fork.h"

#define MAX_FDS 253 /* the kernel's limit for one message */

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8u
#endif
#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

struct hello {
    uint32_t magic, format;
    uint64_t size;
    uint64_t zero[6];
};

static_assert(sizeof(struct hello) == 64, "hello of format 2");

union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(MAX_FDS * sizeof(int))];
};

/* -------------------------------------------------------------- the mapping */

static void layout(const uint32_t quotas[2], uint64_t rings[2], size_t *size)
{
    rings[0] = npi_ring_most(quotas[0]);
    rings[1] = npi_ring_most(quotas[1]);
    *size = (size_t)npi_shm_size(rings[0], rings[1]);
}

/* Map, and keep the mapping out of children and core dumps: it holds other
 * people's data, and a child must not touch it. */
static struct npi_shm *map(int fd, size_t size)
{
    void *shm = NPI_FAULT("mmap") ? MAP_FAILED
                                  : mmap(NULL, size, PROT_READ | PROT_WRITE,
                                         MAP_SHARED, fd, 0);
    if (shm == MAP_FAILED) {
        return NULL;
    }
    if (madvise(shm, NPI_SHM_HEADER, MADV_POPULATE_WRITE) != 0 &&
        errno != EINVAL) {
        munmap(shm, size);
        return NULL;
    }
    madvise(shm, size, MADV_DONTFORK);
    madvise(shm, size, MADV_DONTDUMP);
    return shm;
}

/* With strict overcommit a page that cannot be had is a SIGBUS; then what is
 * needed is asked for now, and nothing else is used. */
static bool strict_overcommit(void)
{
    static atomic_int known; /* 0 not yet, 1 no, 2 yes */
    int value = atomic_load_explicit(&known, memory_order_relaxed);
    if (value == 0) {
        FILE *file = fopen("/proc/sys/vm/overcommit_memory", "re");
        value = file && fgetc(file) == '2' ? 2 : 1;
        if (file) {
            fclose(file);
        }
        atomic_store_explicit(&known, value, memory_order_relaxed);
    }
    return value == 2;
}

static int make_memfd(void)
{
    unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    int fd = memfd_create("namedpipe", flags | MFD_NOEXEC_SEAL);
    if (fd < 0 && errno == EINVAL) {
        fd = memfd_create("namedpipe", flags);
    }
    return fd;
}

bool npx_hello_may_grow(void)
{
    return !strict_overcommit();
}

static bool reserve(int fd, const uint32_t quotas[2])
{
    off_t first = NPI_SHM_HEADER + (off_t)npi_ring_size(quotas[0]);
    off_t second = NPI_SHM_HEADER + (off_t)npi_ring_most(quotas[0]);
    return posix_fallocate(fd, 0, first) == 0 &&
           posix_fallocate(fd, second, (off_t)npi_ring_size(quotas[1])) == 0;
}

/* A file size limit would not fail ftruncate but kill the process. */
static bool size_allowed(size_t size)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_FSIZE, &limit) != 0 ||
           limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= size;
}

static bool shape_memfd(int fd, size_t size, const uint32_t quotas[2])
{
    int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    return !NPI_FAULT("ftruncate") && size_allowed(size) &&
           ftruncate(fd, (off_t)size) == 0 &&
           (!strict_overcommit() || reserve(fd, quotas)) &&
           fcntl(fd, F_ADD_SEALS, seals) == 0;
}

static void fill_header(struct npi_shm *shm, const uint64_t rings[2],
                        size_t size)
{
    shm->magic = NPI_MAGIC;
    shm->format = NPI_FORMAT;
    shm->size = size;
    shm->ring[0] = rings[0];
    shm->ring[1] = rings[1];
}

/* ------------------------------------------------------------------ sending */

static int send_hello(int sock, int memfd, size_t size)
{
    struct hello hello = {NPI_MAGIC, NPI_FORMAT, size, {0}};
    struct iovec part = {&hello, sizeof hello};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(&message);
    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(cmsg), &memfd, sizeof memfd);
    ssize_t n;
    do {
        n = sendmsg(sock, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    if (n == (ssize_t)sizeof hello) {
        return NP_OK;
    }
    if (n < 0 && (errno == EPIPE || errno == ECONNRESET)) {
        return NP_BROKEN_PIPE;
    }
    return npi_fail(NP_NO_SYSTEM_RESOURCES,
                    "cannot pass shared memory to the server: errno %d",
                    n < 0 ? errno : EMSGSIZE);
}

static int build_and_send(int sock, int memfd, const uint32_t quotas[2],
                          struct npi_shm **shm_out, size_t *size_out)
{
    uint64_t rings[2];
    size_t size;
    layout(quotas, rings, &size);
    if (!shape_memfd(memfd, size, quotas)) {
        return npi_fail(NP_NO_SYSTEM_RESOURCES,
                        "cannot make %zu bytes of shared memory: errno %d",
                        size, errno);
    }
    npx_fork_hold(); /* no child between mapping and MADV_DONTFORK */
    struct npi_shm *shm = map(memfd, size);
    npx_fork_release();
    if (!shm) {
        return npi_fail(NP_NOT_ENOUGH_MEMORY,
                        "cannot map %zu bytes of shared memory", size);
    }
    fill_header(shm, rings, size);
    NPI_POINT("before-hello");
    int code = send_hello(sock, memfd, size);
    NPI_POINT("after-hello");
    if (code) {
        munmap(shm, size);
        return code;
    }
    *shm_out = shm;
    *size_out = size;
    return NP_OK;
}

int npx_hello_send(int sock, const uint32_t quotas[2], struct npi_shm **shm_out,
                   size_t *size_out)
{
    npx_fork_hold();
    int memfd = NPI_FAULT("memfd_create") ? -1 : npx_fd_keep(make_memfd());
    npx_fork_release();
    if (memfd < 0) {
        return npi_fail(NP_NO_SYSTEM_RESOURCES,
                        "cannot make shared memory: errno %d", errno);
    }
    int code = build_and_send(sock, memfd, quotas, shm_out, size_out);
    npx_fd_close(memfd); /* the mapping is enough */
    return code;
}

/* ---------------------------------------------------------------- receiving */

struct gift {
    int fds[MAX_FDS];
    size_t count;
};

static void *reap(void *fds)
{
    struct gift *gift = fds;
    for (size_t i = 0; i < gift->count; i++) {
        close(gift->fds[i]);
    }
    free(gift);
    return NULL;
}

/* Closing what a stranger passed may block for as long as he likes (a socket
 * that lingers, a file system of his own), so it is done on a thread of its
 * own. Without one there is no choice. */
static void close_elsewhere(const struct gift *gift)
{
    pthread_t thread;
    struct gift *copy = malloc(sizeof *copy);
    if (copy) {
        *copy = *gift;
        if (pthread_create(&thread, NULL, reap, copy) == 0) {
            pthread_detach(thread);
            return;
        }
        free(copy);
    }
    for (size_t i = 0; i < gift->count; i++) {
        close(gift->fds[i]);
    }
}

/* Memory files, which is what an honest hello brings, close at once. */
static bool closes_at_once(int fd)
{
    struct statfs fs;
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
           fstatfs(fd, &fs) == 0 && fs.f_type == TMPFS_MAGIC;
}

static void throw_away(const struct gift *gift)
{
    struct gift rest = {.count = 0};
    for (size_t i = 0; i < gift->count; i++) {
        if (closes_at_once(gift->fds[i])) {
            close(gift->fds[i]);
        } else {
            rest.fds[rest.count++] = gift->fds[i];
        }
    }
    if (rest.count > 0) {
        close_elsewhere(&rest);
    }
}

static void collect(struct msghdr *message, struct gift *gift)
{
    gift->count = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c;
         c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < n && gift->count < MAX_FDS; i++) {
            memcpy(&gift->fds[gift->count++], CMSG_DATA(c) + i * sizeof(int),
                   sizeof(int));
        }
    }
}

/* One recvmsg with room for every descriptor that can come. */
static ssize_t receive(int sock, void *data, size_t size, struct gift *gift,
                       int *flags)
{
    union control control;
    struct iovec part = {data, size};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    ssize_t n;
    do {
        n = recvmsg(sock, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    gift->count = 0;
    *flags = 0;
    if (n >= 0) {
        collect(&message, gift);
        *flags = message.msg_flags;
    }
    return n;
}

static bool right_kind(int fd, size_t size)
{
    struct statfs fs;
    struct stat st;
    int want = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    int seals = fcntl(fd, F_GET_SEALS);
    int access = fcntl(fd, F_GETFL) & O_ACCMODE;
    return seals >= 0 && (seals & want) == want &&
           !(seals & (F_SEAL_WRITE | 0x10 /* F_SEAL_FUTURE_WRITE */)) &&
           access == O_RDWR && fstatfs(fd, &fs) == 0 &&
           fs.f_type == TMPFS_MAGIC && fstat(fd, &st) == 0 &&
           S_ISREG(st.st_mode) && st.st_size == (off_t)size;
}

static struct npi_shm *admit(int fd, const uint32_t quotas[2], size_t *size)
{
    uint64_t rings[2];
    layout(quotas, rings, size);
    if (!right_kind(fd, *size)) {
        return NULL;
    }
    struct npi_shm *shm = map(fd, *size);
    if (shm && (shm->magic != NPI_MAGIC || shm->format != NPI_FORMAT ||
                shm->size != *size || shm->ring[0] != rings[0] ||
                shm->ring[1] != rings[1])) {
        munmap(shm, *size);
        shm = NULL;
    }
    return shm;
}

static bool well_formed(const struct hello *hello, ssize_t n,
                        const struct gift *gift, int flags)
{
    return n == (ssize_t)sizeof *hello && hello->magic == NPI_MAGIC &&
           hello->format == NPI_FORMAT && gift->count == 1 &&
           !(flags & MSG_CTRUNC);
}

int npx_hello_receive(int sock, const uint32_t quotas[2],
                      struct npi_shm **shm_out, size_t *size_out)
{
    struct hello hello;
    struct gift gift;
    int flags;
    /* The descriptor is closed before the guard is released, so that no child
     * inherits it; nothing in between blocks. */
    npx_fork_hold();
    ssize_t n = receive(sock, &hello, sizeof hello, &gift, &flags);
    int error = errno;
    struct npi_shm *shm = NULL;
    if (well_formed(&hello, n, &gift, flags)) {
        shm = admit(gift.fds[0], quotas, size_out);
    }
    if (shm) {
        close(gift.fds[0]); /* the mapping is enough */
    }
    npx_fork_release();
    if (shm) {
        *shm_out = shm;
        return NP_OK;
    }
    if (gift.count > 0) {
        throw_away(&gift);
    }
    if (n < 0 && (error == EAGAIN || error == EWOULDBLOCK)) {
        return NP_PIPE_LISTENING;
    }
    return NP_BROKEN_PIPE;
}

/* ----------------------------------------------------------------- after it */

void npx_hello_refuse_fds(int sock)
{
    int off = 0;
    setsockopt(sock, SOL_SOCKET, SO_PASSRIGHTS, &off, sizeof off);
}

/* The bound is for a peer that is faster than us before the shutdown. */
#define MOST_READS 1000

void npx_hello_discard(int sock)
{
    shutdown(sock, SHUT_RDWR);
    npx_hello_empty(sock);
}

void npx_hello_empty(int sock)
{
    char bytes[4096];
    struct gift gift;
    int flags;
    ssize_t n = 1;
    for (int i = 0; i < MOST_READS && n > 0; i++) {
        n = receive(sock, bytes, sizeof bytes, &gift, &flags);
        if (gift.count > 0) {
            throw_away(&gift);
        }
    }
}

bool npx_hello_drain(int sock)
{
    char bytes[4096];
    struct gift gift;
    int flags;
    ssize_t n = receive(sock, bytes, sizeof bytes, &gift, &flags);
    if (gift.count > 0) {
        throw_away(&gift);
        return true;
    }
    if (flags & MSG_CTRUNC) {
        return true;
    }
    return n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK);
}
