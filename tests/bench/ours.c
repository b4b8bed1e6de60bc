/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The transports under test: pipes of messages and pipes of bytes. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "namedpipe.h"

#include "bench.h"

static void check(int error, const char *what)
{
    if (error) {
        fprintf(stderr, "bench: %s: %s %s\n", what, np_strerror(error),
                np_error_detail());
        exit(1);
    }
}

const char *pipe_name(const char *address)
{
    static char name[80];
    snprintf(name, sizeof name, "bench-%s", strrchr(address, '/') + 1);
    return name;
}

static void *serve(const char *address, uint32_t mode)
{
    np_server_opts opts = NP_SERVER_OPTS_INIT;
    np_server *server = NULL;

    opts.mode = mode;
    check(np_listen(pipe_name(address), &opts, &server), "np_listen");
    return server;
}

static void *listen_messages(const char *address)
{
    return serve(address, NP_MESSAGE);
}

static void *listen_bytes(const char *address)
{
    return serve(address, NP_BYTE);
}

static void *accept_client(void *listener)
{
    np_pipe *pipe = NULL;
    check(np_server_accept(listener, &pipe, NP_INFINITE), "np_server_accept");
    return pipe;
}

static void unlisten(void *listener)
{
    np_server_close(listener);
}

static void *connect_server(const char *address)
{
    np_pipe *pipe = NULL;
    check(np_connect(pipe_name(address), NULL, &pipe, NP_INFINITE),
          "np_connect");
    return pipe;
}

static void send_all(void *end, const void *data, size_t n)
{
    size_t put;
    check(np_write(end, data, n, &put, NP_INFINITE), "np_write");
}

static void receive_message(void *end, void *data, size_t n)
{
    size_t got;
    check(np_read(end, data, n, &got, NP_INFINITE), "np_read");
    if (got != n) {
        check(NP_MORE_DATA, "another message than expected");
    }
}

static void receive_bytes(void *end, void *data, size_t n)
{
    size_t done = 0;
    while (done < n) {
        size_t got;
        check(np_read(end, (char *)data + done, n - done, &got, NP_INFINITE),
              "np_read");
        done += got;
    }
}

static void await_end(void *end)
{
    char byte;
    size_t got;
    int error = np_read(end, &byte, 1, &got, NP_INFINITE);
    check(error == NP_BROKEN_PIPE ? 0
          : error                 ? error
                                  : NP_MORE_DATA,
          "waiting for the end");
}

static void close_end(void *end)
{
    np_close(end);
}

struct crowd {
    size_t n;
    np_select_item items[];
};

static void *gather(void **ends, size_t n)
{
    struct crowd *crowd = allocate(sizeof *crowd + n * sizeof *crowd->items);
    crowd->n = n;
    for (size_t i = 0; i < n; i++) {
        crowd->items[i].pipe = ends[i];
    }
    return crowd;
}

static size_t wait_for_some(void *of, void **ready_out)
{
    struct crowd *crowd = of;
    size_t n = 0;

    check(np_select(crowd->items, crowd->n, NULL, NP_INFINITE), "np_select");
    for (size_t i = 0; i < crowd->n; i++) {
        if (crowd->items[i].ready) {
            ready_out[n++] = crowd->items[i].pipe;
        }
    }
    return n;
}

const struct transport np_messages = {
    .name = "namedpipe",
    .listen = listen_messages,
    .accept = accept_client,
    .unlisten = unlisten,
    .connect = connect_server,
    .send = send_all,
    .receive = receive_message,
    .await_end = await_end,
    .close = close_end,
    .gather = gather,
    .ready = wait_for_some,
    .scatter = free,
};

const struct transport np_bytes = {
    .name = "namedpipe-bytes",
    .listen = listen_bytes,
    .accept = accept_client,
    .unlisten = unlisten,
    .connect = connect_server,
    .send = send_all,
    .receive = receive_bytes,
    .await_end = await_end,
    .close = close_end,
    .gather = gather,
    .ready = wait_for_some,
    .scatter = free,
};
