/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Peers: Unix sockets, as a stream and as a sequence of packets. */

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bench.h"

#define BACKLOG 512

struct listener {
    int fd;
    struct sockaddr_un address;
};

struct end {
    int fd;
};

static struct sockaddr_un fill(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    must(strlen(path) < sizeof address.sun_path, "too long a path");
    strcpy(address.sun_path, path);
    return address;
}

static struct end *new_end(int fd, const char *what)
{
    must(fd >= 0, what);
    struct end *end = allocate(sizeof *end);
    end->fd = fd;
    return end;
}

static void *listen_on(const char *path, int type)
{
    struct listener *listener = allocate(sizeof *listener);
    listener->address = fill(path);
    listener->fd = socket(AF_UNIX, type, 0);
    must(listener->fd >= 0, "socket");
    must(bind(listener->fd, (struct sockaddr *)&listener->address,
              sizeof listener->address) == 0,
         "bind");
    must(listen(listener->fd, BACKLOG) == 0, "listen");
    return listener;
}

static void *connect_to(const char *path, int type)
{
    struct sockaddr_un address = fill(path);
    struct end *end = new_end(socket(AF_UNIX, type, 0), "socket");
    must(connect(end->fd, (struct sockaddr *)&address, sizeof address) == 0,
         "connect");
    return end;
}

static void *listen_stream(const char *path)
{
    return listen_on(path, SOCK_STREAM);
}

static void *listen_seqpacket(const char *path)
{
    return listen_on(path, SOCK_SEQPACKET);
}

static void *connect_stream(const char *path)
{
    return connect_to(path, SOCK_STREAM);
}

static void *connect_seqpacket(const char *path)
{
    return connect_to(path, SOCK_SEQPACKET);
}

static void *accept_client(void *from)
{
    struct listener *listener = from;
    return new_end(accept(listener->fd, NULL, NULL), "accept");
}

static void unlisten(void *from)
{
    struct listener *listener = from;
    unlink(listener->address.sun_path);
    close(listener->fd);
    free(listener);
}

static void send_stream(void *to, const void *data, size_t n)
{
    struct end *end = to;
    size_t done = 0;
    while (done < n) {
        ssize_t k = send(end->fd, (const char *)data + done, n - done, 0);
        must(k > 0, "send");
        done += (size_t)k;
    }
}

static void receive_stream(void *from, void *data, size_t n)
{
    struct end *end = from;
    size_t done = 0;
    while (done < n) {
        ssize_t k = recv(end->fd, (char *)data + done, n - done, 0);
        must(k > 0, "recv");
        done += (size_t)k;
    }
}

static void send_packet(void *to, const void *data, size_t n)
{
    struct end *end = to;
    must(send(end->fd, data, n, 0) == (ssize_t)n, "send");
}

static void receive_packet(void *from, void *data, size_t n)
{
    struct end *end = from;
    must(recv(end->fd, data, n, 0) == (ssize_t)n, "recv");
}

static void await_end(void *of)
{
    struct end *end = of;
    char byte;
    must(recv(end->fd, &byte, 1, 0) <= 0, "something arrived");
}

static void close_end(void *of)
{
    struct end *end = of;
    close(end->fd);
    free(end);
}

struct crowd {
    int epoll;
    int n;
    struct epoll_event *events;
};

static void *gather(void **ends, size_t n)
{
    struct crowd *crowd = allocate(sizeof *crowd);
    crowd->n = (int)n;
    crowd->events = allocate(n * sizeof *crowd->events);
    crowd->epoll = epoll_create1(EPOLL_CLOEXEC);
    must(crowd->epoll >= 0, "epoll_create1");
    for (size_t i = 0; i < n; i++) {
        struct end *end = ends[i];
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = end};
        must(epoll_ctl(crowd->epoll, EPOLL_CTL_ADD, end->fd, &event) == 0,
             "epoll_ctl");
    }
    return crowd;
}

static size_t wait_for_some(void *of, void **ready_out)
{
    struct crowd *crowd = of;
    int n = epoll_wait(crowd->epoll, crowd->events, crowd->n, -1);
    must(n > 0, "epoll_wait");
    for (int i = 0; i < n; i++) {
        ready_out[i] = crowd->events[i].data.ptr;
    }
    return (size_t)n;
}

static void scatter(void *of)
{
    struct crowd *crowd = of;
    close(crowd->epoll);
    free(crowd->events);
    free(crowd);
}

const struct transport unix_stream = {
    .name = "stream",
    .listen = listen_stream,
    .accept = accept_client,
    .unlisten = unlisten,
    .connect = connect_stream,
    .send = send_stream,
    .receive = receive_stream,
    .await_end = await_end,
    .close = close_end,
    .gather = gather,
    .ready = wait_for_some,
    .scatter = scatter,
};

const struct transport unix_seqpacket = {
    .name = "seqpacket",
    .listen = listen_seqpacket,
    .accept = accept_client,
    .unlisten = unlisten,
    .connect = connect_seqpacket,
    .send = send_packet,
    .receive = receive_packet,
    .await_end = await_end,
    .close = close_end,
    .gather = gather,
    .ready = wait_for_some,
    .scatter = scatter,
};
