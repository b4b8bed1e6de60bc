/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The modes in which one server has COUNT connections; N requests in all:
 *
 *     select   one thread waits for all clients, each a process that asks again
 *              as soon as it has its answer
 *     threads  the same, but the server has a thread for each
 *     turns    one thread waits for all connections of one client, which uses
 *              one of them after the other: one is ready, the rest are idle
 */

#include <pthread.h>

#include "bench.h"

static long each(const struct task *task)
{
    long n = task->n / task->count;
    return n ? n : 1;
}

static void send_all(const struct task *task, void **ends)
{
    for (long i = 0; i < task->count; i++) {
        task->by->send(ends[i], task->buffer, task->size);
    }
}

static void receive_all(const struct task *task, void **ends)
{
    for (long i = 0; i < task->count; i++) {
        task->by->receive(ends[i], task->buffer, task->size);
    }
}

/* ------------------------------------------------------------------ clients */

/* A client's first message is answered when all clients are there; and all stay
 * until the server says so, for one that has left is ready for ever. */
static void client(const struct task *task)
{
    void *end = task->by->connect(task->address);
    long total = each(task) * task->count;

    ask(task, end, 1);
    int64_t cpu = cpu_ns();
    ask(task, end, each(task));
    add(CPU_NS, (double)(cpu_ns() - cpu) / (double)total);
    task->by->receive(end, task->buffer, task->size);
    task->by->close(end);
}

static void clients(const struct task *task)
{
    int *pids = allocate((size_t)task->count * sizeof *pids);
    for (long i = 0; i < task->count; i++) {
        if (in_child(&pids[i])) {
            client(task);
            _Exit(0);
        }
    }
    for (long i = 0; i < task->count; i++) {
        await_child(pids[i]);
    }
}

static void one_client(const struct task *task)
{
    void **ends = connect_many(task, task->count);
    long total = each(task) * task->count;

    send_all(task, ends);
    receive_all(task, ends);
    int64_t cpu = cpu_ns();
    for (long i = 0; i < total; i++) {
        ask(task, ends[i % task->count], 1);
    }
    add(CPU_NS, (double)(cpu_ns() - cpu) / (double)total);
    receive_all(task, ends);
    close_many(task, ends, task->count);
}

/* ------------------------------------------------------------------ servers */

static void **accept_all(const struct task *task, void *listener)
{
    void **ends = accept_many(task, listener, task->count);
    receive_all(task, ends);
    return ends;
}

static void put_down(const struct task *task, int64_t began, int64_t cpu)
{
    double total = (double)(each(task) * task->count);
    add(NS, (double)(now_ns() - began) / total);
    add(CPU_NS, (double)(cpu_ns() - cpu) / total);
}

static void select_server(const struct task *task)
{
    must(task->by->gather, "this transport cannot wait for many");
    void *listener = task->by->listen(task->address);
    ready();
    void **ends = accept_all(task, listener);
    void *crowd = task->by->gather(ends, (size_t)task->count);
    void **found = allocate((size_t)task->count * sizeof *found);
    long left = each(task) * task->count;

    int64_t cpu = cpu_ns();
    int64_t began = now_ns();
    send_all(task, ends);
    while (left > 0) {
        size_t n = task->by->ready(crowd, found);
        for (size_t i = 0; i < n; i++) {
            answer(task, found[i], 1);
        }
        left -= (long)n;
    }
    put_down(task, began, cpu);
    send_all(task, ends);
    await_client();
    task->by->scatter(crowd);
    close_many(task, ends, task->count);
    task->by->unlisten(listener);
}

struct conversation {
    const struct task *task;
    void *end;
    pthread_t thread;
};

static void *converse(void *argument)
{
    struct conversation *one = argument;
    struct task task = *one->task;

    task.buffer = allocate(task.size);
    answer(&task, one->end, each(&task));
    return NULL;
}

static void threads_server(const struct task *task)
{
    void *listener = task->by->listen(task->address);
    ready();
    void **ends = accept_all(task, listener);
    struct conversation *all = allocate((size_t)task->count * sizeof *all);

    for (long i = 0; i < task->count; i++) {
        all[i] = (struct conversation){.task = task, .end = ends[i]};
        int error = pthread_create(&all[i].thread, NULL, converse, &all[i]);
        must(error == 0, "pthread_create");
    }
    int64_t cpu = cpu_ns();
    int64_t began = now_ns();
    send_all(task, ends);
    for (long i = 0; i < task->count; i++) {
        pthread_join(all[i].thread, NULL);
    }
    put_down(task, began, cpu);
    send_all(task, ends);
    await_client();
    close_many(task, ends, task->count);
    task->by->unlisten(listener);
}

const struct mode crowd_modes[] = {{"select", select_server, clients},
                                   {"threads", threads_server, clients},
                                   {"turns", select_server, one_client},
                                   {0}};
