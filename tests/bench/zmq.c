/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* A peer, where its library is installed: ZeroMQ, a pair of sockets over ipc.
 * For one client, which the listening socket itself talks to. */

#include <stdio.h>
#include <zmq.h>

#include "bench.h"

static void *context;

static void *pair_socket(void)
{
    context = zmq_ctx_new();
    must(context, "zmq_ctx_new");
    void *socket = zmq_socket(context, ZMQ_PAIR);
    must(socket, "zmq_socket");
    return socket;
}

static const char *url(const char *address)
{
    static char text[100];
    snprintf(text, sizeof text, "ipc://%s", address);
    return text;
}

static void *listen_pair(const char *address)
{
    void *socket = pair_socket();
    must(zmq_bind(socket, url(address)) == 0, "zmq_bind");
    return socket;
}

static void *connect_pair(const char *address)
{
    void *socket = pair_socket();
    must(zmq_connect(socket, url(address)) == 0, "zmq_connect");
    return socket;
}

static void *accept_client(void *listener)
{
    return listener;
}

static void unlisten(void *listener)
{
    (void)listener;
}

static void send_message(void *end, const void *data, size_t n)
{
    must(zmq_send(end, data, n, 0) == (int)n, "zmq_send");
}

static void receive_message(void *end, void *data, size_t n)
{
    must(zmq_recv(end, data, n, 0) == (int)n, "zmq_recv");
}

static void close_end(void *end)
{
    zmq_close(end);
    zmq_ctx_term(context);
}

const struct transport zmq_pair = {
    .name = "zmq",
    .listen = listen_pair,
    .accept = accept_client,
    .unlisten = unlisten,
    .connect = connect_pair,
    .send = send_message,
    .receive = receive_message,
    .close = close_end,
};
