/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* What the hardware can do: two rings in shared memory and nothing else. Both
 * sides spin, nobody sleeps, nothing is checked; no transport, but the measure
 * of one. For one client. */

#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

#define LINE 64
#define SMALL (64 << 10)
#define LARGE (4 << 20)
#define PATIENCE 10000 /* looks, then the other side may want this CPU */

/* Both counts only grow. */
struct lane {
    _Alignas(LINE) _Atomic size_t written;
    _Alignas(LINE) _Atomic size_t read;
    _Alignas(LINE) char data[LARGE];
};

struct shared {
    struct lane there;
    struct lane back;
};

struct end {
    struct shared *shared;
    struct lane *out;
    struct lane *in;
    size_t capacity;
    size_t written;   /* ours */
    size_t seen_read; /* the other side's, when we looked last */
    size_t read;
    size_t seen_written;
};

static const char *shared_name(const char *address)
{
    static char name[100];
    snprintf(name, sizeof name, "/bench-%s", strrchr(address, '/') + 1);
    return name;
}

static struct end *map(const char *address, int flags, size_t capacity)
{
    struct end *end = allocate(sizeof *end);
    int fd = shm_open(shared_name(address), O_RDWR | flags, 0600);

    must(fd >= 0, "shm_open");
    must(ftruncate(fd, sizeof *end->shared) == 0, "ftruncate");
    end->shared = mmap(NULL, sizeof *end->shared, PROT_READ | PROT_WRITE,
                       MAP_SHARED, fd, 0);
    must(end->shared != MAP_FAILED, "mmap");
    close(fd);
    end->capacity = capacity;
    return end;
}

static void *serve(const char *address, size_t capacity)
{
    struct end *end = map(address, O_CREAT | O_EXCL, capacity);
    end->out = &end->shared->back;
    end->in = &end->shared->there;
    return end;
}

static void *use(const char *address, size_t capacity)
{
    struct end *end = map(address, 0, capacity);
    end->out = &end->shared->there;
    end->in = &end->shared->back;
    shm_unlink(shared_name(address));
    return end;
}

static void *listen_small(const char *address)
{
    return serve(address, SMALL);
}

static void *listen_large(const char *address)
{
    return serve(address, LARGE);
}

static void *connect_small(const char *address)
{
    return use(address, SMALL);
}

static void *connect_large(const char *address)
{
    return use(address, LARGE);
}

static void *accept_client(void *listener)
{
    return listener;
}

static void unlisten(void *listener)
{
    (void)listener;
}

/* Until the count is another one than what was seen. */
static size_t watch(_Atomic size_t *count, size_t seen)
{
    for (long looks = 1;; looks++) {
        size_t now = atomic_load_explicit(count, memory_order_acquire);
        if (now != seen) {
            return now;
        }
        if (looks % PATIENCE == 0) {
            sched_yield();
        }
    }
}

/* How many of n bytes fit before the storage ends or begins anew. */
static size_t piece(size_t at, size_t room, size_t n, size_t capacity)
{
    size_t to_end = capacity - at % capacity;
    n = n < room ? n : room;
    return n < to_end ? n : to_end;
}

static void tell(struct end *end)
{
    atomic_store_explicit(&end->out->written, end->written,
                          memory_order_release);
}

static void put(struct end *end, const char *data, size_t n)
{
    while (n) {
        size_t room = end->capacity - (end->written - end->seen_read);
        if (room == 0) {
            tell(end);
            end->seen_read = watch(&end->out->read, end->seen_read);
            continue;
        }
        size_t k = piece(end->written, room, n, end->capacity);
        memcpy(end->out->data + end->written % end->capacity, data, k);
        end->written += k;
        data += k;
        n -= k;
    }
}

static void get(struct end *end, char *data, size_t n)
{
    while (n) {
        size_t there = end->seen_written - end->read;
        if (there == 0) {
            end->seen_written = watch(&end->in->written, end->seen_written);
            continue;
        }
        size_t k = piece(end->read, there, n, end->capacity);
        memcpy(data, end->in->data + end->read % end->capacity, k);
        end->read += k;
        atomic_store_explicit(&end->in->read, end->read, memory_order_release);
        data += k;
        n -= k;
    }
}

static void send_message(void *to, const void *data, size_t n)
{
    struct end *end = to;
    put(end, (const char *)&n, sizeof n);
    put(end, data, n);
    tell(end);
}

static void receive_message(void *from, void *data, size_t n)
{
    size_t size;
    get(from, (char *)&size, sizeof size);
    must(size == n, "another message than expected");
    get(from, data, n);
}

static void close_end(void *of)
{
    struct end *end = of;
    munmap(end->shared, sizeof *end->shared);
    free(end);
}

const struct transport ring = {
    .name = "ring",
    .listen = listen_small,
    .accept = accept_client,
    .unlisten = unlisten,
    .connect = connect_small,
    .send = send_message,
    .receive = receive_message,
    .close = close_end,
};

const struct transport large_ring = {
    .name = "large-ring",
    .listen = listen_large,
    .accept = accept_client,
    .unlisten = unlisten,
    .connect = connect_large,
    .send = send_message,
    .receive = receive_message,
    .close = close_end,
};
