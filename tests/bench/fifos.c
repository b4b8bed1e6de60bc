/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* A peer: two FIFOs, one for each direction; for one client. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

struct paths {
    char there[100]; /* from the client to the server */
    char back[100];
};

struct end {
    int in;
    int out;
};

static struct paths make_paths(const char *address)
{
    struct paths paths;
    snprintf(paths.there, sizeof paths.there, "%s.there", address);
    snprintf(paths.back, sizeof paths.back, "%s.back", address);
    return paths;
}

static void *listen_fifos(const char *address)
{
    struct paths *paths = allocate(sizeof *paths);
    *paths = make_paths(address);
    must(mkfifo(paths->there, 0600) == 0, "mkfifo");
    must(mkfifo(paths->back, 0600) == 0, "mkfifo");
    return paths;
}

/* Both sides open in the same order: an open waits for the other side's. */
static void *accept_client(void *listener)
{
    struct paths *paths = listener;
    struct end *end = allocate(sizeof *end);
    end->in = open(paths->there, O_RDONLY);
    end->out = open(paths->back, O_WRONLY);
    must(end->in >= 0 && end->out >= 0, "open");
    return end;
}

static void *connect_fifos(const char *address)
{
    struct paths paths = make_paths(address);
    struct end *end = allocate(sizeof *end);
    end->out = open(paths.there, O_WRONLY);
    end->in = open(paths.back, O_RDONLY);
    must(end->in >= 0 && end->out >= 0, "open");
    return end;
}

static void unlisten(void *listener)
{
    struct paths *paths = listener;
    unlink(paths->there);
    unlink(paths->back);
    free(paths);
}

static void send_all(void *to, const void *data, size_t n)
{
    struct end *end = to;
    size_t done = 0;
    while (done < n) {
        ssize_t k = write(end->out, (const char *)data + done, n - done);
        must(k > 0, "write");
        done += (size_t)k;
    }
}

static void receive_all(void *from, void *data, size_t n)
{
    struct end *end = from;
    size_t done = 0;
    while (done < n) {
        ssize_t k = read(end->in, (char *)data + done, n - done);
        must(k > 0, "read");
        done += (size_t)k;
    }
}

static void await_end(void *of)
{
    struct end *end = of;
    char byte;
    must(read(end->in, &byte, 1) == 0, "something arrived");
}

static void close_end(void *of)
{
    struct end *end = of;
    close(end->in);
    close(end->out);
    free(end);
}

const struct transport fifos = {
    .name = "fifo",
    .listen = listen_fifos,
    .accept = accept_client,
    .unlisten = unlisten,
    .connect = connect_fifos,
    .send = send_all,
    .receive = receive_all,
    .await_end = await_end,
    .close = close_end,
};
