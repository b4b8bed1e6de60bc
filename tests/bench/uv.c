/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* A peer, where its library is installed: libuv's pipes. Each call runs the
 * loop until it has what it wants. For one client. */

#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "bench.h"

#define CHUNK (64 << 10) /* what libuv itself suggests */

struct end {
    uv_loop_t loop;
    uv_pipe_t listener;
    uv_pipe_t pipe;
    bool is_connected;
    bool is_closed;
    size_t at;   /* of what was read and not yet taken */
    size_t have; /* the same */
    char chunk[CHUNK];
};

static void check(int error, const char *what)
{
    if (error < 0) {
        fprintf(stderr, "bench: %s: %s\n", what, uv_strerror(error));
        exit(1);
    }
}

static struct end *new_end(void)
{
    struct end *end = allocate(sizeof *end);
    check(uv_loop_init(&end->loop), "uv_loop_init");
    check(uv_pipe_init(&end->loop, &end->pipe, 0), "uv_pipe_init");
    end->pipe.data = end;
    return end;
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct end *end = listener->data;
    check(status, "a connection");
    check(uv_accept(listener, (uv_stream_t *)&end->pipe), "uv_accept");
    end->is_connected = true;
}

static void *listen_pipe(const char *address)
{
    struct end *end = new_end();
    check(uv_pipe_init(&end->loop, &end->listener, 0), "uv_pipe_init");
    end->listener.data = end;
    check(uv_pipe_bind(&end->listener, address), "uv_pipe_bind");
    check(uv_listen((uv_stream_t *)&end->listener, 1, on_connection),
          "uv_listen");
    return end;
}

static void run_until(struct end *end, const bool *done)
{
    while (!*done) {
        uv_run(&end->loop, UV_RUN_ONCE);
    }
}

static void *accept_client(void *listener)
{
    struct end *end = listener;
    run_until(end, &end->is_connected);
    return end;
}

static void unlisten(void *listener)
{
    (void)listener;
}

static void on_connect(uv_connect_t *request, int status)
{
    struct end *end = request->data;
    check(status, "uv_pipe_connect");
    end->is_connected = true;
}

static void *connect_pipe(const char *address)
{
    struct end *end = new_end();
    uv_connect_t request = {.data = end};
    uv_pipe_connect(&request, &end->pipe, address, on_connect);
    run_until(end, &end->is_connected);
    return end;
}

static void on_write(uv_write_t *request, int status)
{
    check(status, "uv_write");
    *(bool *)request->data = true;
}

/* libuv writes at once what it can; the rest needs the loop. */
static void send_all(void *to, const void *data, size_t n)
{
    struct end *end = to;
    bool done = false;
    uv_write_t request = {.data = &done};
    uv_buf_t buffer = uv_buf_init((char *)(uintptr_t)data, (unsigned)n);
    int written = uv_try_write((uv_stream_t *)&end->pipe, &buffer, 1);

    if (written == (int)n) {
        return;
    }
    check(written == UV_EAGAIN ? 0 : written, "uv_try_write");
    buffer.base += written > 0 ? written : 0;
    buffer.len -= written > 0 ? (size_t)written : 0;
    check(uv_write(&request, (uv_stream_t *)&end->pipe, &buffer, 1, on_write),
          "uv_write");
    run_until(end, &done);
}

static void on_alloc(uv_handle_t *pipe, size_t wanted, uv_buf_t *buffer)
{
    struct end *end = pipe->data;
    (void)wanted;
    *buffer = uv_buf_init(end->chunk, sizeof end->chunk);
}

static void on_read(uv_stream_t *pipe, ssize_t n, const uv_buf_t *buffer)
{
    struct end *end = pipe->data;
    (void)buffer;
    check(n < 0 ? (int)n : 0, "a read");
    end->at = 0;
    end->have = (size_t)n;
    uv_read_stop(pipe); /* the chunk is to be emptied first */
}

static void receive_all(void *from, void *data, size_t n)
{
    struct end *end = from;
    char *to = data;

    while (n) {
        if (end->have == 0) {
            check(uv_read_start((uv_stream_t *)&end->pipe, on_alloc, on_read),
                  "uv_read_start");
            uv_run(&end->loop, UV_RUN_ONCE);
            continue;
        }
        size_t k = n < end->have ? n : end->have;
        memcpy(to, end->chunk + end->at, k);
        end->at += k;
        end->have -= k;
        to += k;
        n -= k;
    }
}

static void on_close(uv_handle_t *pipe)
{
    ((struct end *)pipe->data)->is_closed = true;
}

static void close_end(void *of)
{
    struct end *end = of;
    uv_close((uv_handle_t *)&end->pipe, on_close);
    run_until(end, &end->is_closed);
    free(end);
}

const struct transport uv_pipes = {
    .name = "libuv",
    .listen = listen_pipe,
    .accept = accept_client,
    .unlisten = unlisten,
    .connect = connect_pipe,
    .send = send_all,
    .receive = receive_all,
    .close = close_end,
};
