/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* A peer, where its library is installed: nng, a pair of sockets over ipc. For
 * one client, which the listening socket itself talks to. */

#include <stdio.h>
#include <stdlib.h>

#include <nng/nng.h>
#include <nng/protocol/pair0/pair.h>

#include "bench.h"

/* Of messages, each way: without it each one waits for a thread of nng's. */
#define QUEUE 128

struct end {
    nng_socket socket;
};

static void check(int error, const char *what)
{
    if (error) {
        fprintf(stderr, "bench: %s: %s\n", what, nng_strerror(error));
        exit(1);
    }
}

static struct end *pair_socket(void)
{
    struct end *end = allocate(sizeof *end);
    check(nng_pair0_open(&end->socket), "nng_pair0_open");
    check(nng_socket_set_size(end->socket, NNG_OPT_RECVMAXSZ, 0), "no limit");
    check(nng_socket_set_int(end->socket, NNG_OPT_SENDBUF, QUEUE), "sendbuf");
    check(nng_socket_set_int(end->socket, NNG_OPT_RECVBUF, QUEUE), "recvbuf");
    return end;
}

static const char *url(const char *address)
{
    static char text[100];
    snprintf(text, sizeof text, "ipc://%s", address);
    return text;
}

static void *listen_pair(const char *address)
{
    struct end *end = pair_socket();
    check(nng_listen(end->socket, url(address), NULL, 0), "nng_listen");
    return end;
}

static void *connect_pair(const char *address)
{
    struct end *end = pair_socket();
    check(nng_dial(end->socket, url(address), NULL, 0), "nng_dial");
    return end;
}

static void *accept_client(void *listener)
{
    return listener;
}

static void unlisten(void *listener)
{
    (void)listener;
}

static void send_message(void *to, const void *data, size_t n)
{
    struct end *end = to;
    check(nng_send(end->socket, (void *)(uintptr_t)data, n, 0), "nng_send");
}

static void receive_message(void *from, void *data, size_t n)
{
    struct end *end = from;
    size_t got = n;
    check(nng_recv(end->socket, data, &got, 0), "nng_recv");
    must(got == n, "another message than expected");
}

static void close_end(void *of)
{
    struct end *end = of;
    nng_close(end->socket);
    free(end);
}

const struct transport nng_pair = {
    .name = "nng",
    .listen = listen_pair,
    .accept = accept_client,
    .unlisten = unlisten,
    .connect = connect_pair,
    .send = send_message,
    .receive = receive_message,
    .close = close_end,
};
