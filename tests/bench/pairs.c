/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The modes with one client and one server:
 *
 *     rt     N round trips, as fast as they go
 *     lat    the same, with a look at the clock after each one
 *     paced  the same, with COUNT microseconds of sleep before each one
 *     ow     N messages one way, then one byte back
 */

#include <stdlib.h>
#include <time.h>

#include "bench.h"

static void echo_server(const struct task *task)
{
    void *listener = task->by->listen(task->address);
    ready();
    void *end = task->by->accept(listener);

    answer(task, end, warm_up(task));
    int64_t cpu = cpu_ns();
    int64_t began = now_ns();
    answer(task, end, task->n);
    cpu = cpu_ns() - cpu;
    add(CPU_NS, (double)cpu / (double)task->n);
    add(SHARE, 100.0 * (double)cpu / (double)(now_ns() - began));
    await_client();
    task->by->close(end);
    task->by->unlisten(listener);
}

static void rt_client(const struct task *task)
{
    void *end = task->by->connect(task->address);

    ask(task, end, warm_up(task));
    int64_t cpu = cpu_ns();
    int64_t began = now_ns();
    ask(task, end, task->n);
    add(NS, (double)(now_ns() - began) / (double)task->n);
    add(CPU_NS, (double)(cpu_ns() - cpu) / (double)task->n);
    task->by->close(end);
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void add_latencies(int64_t *took, long n)
{
    qsort(took, (size_t)n, sizeof *took, compare);
    add(P50, (double)took[n / 2]);
    add(P99, (double)took[n - 1 - n / 100]);
    add(P999, (double)took[n - 1 - n / 1000]);
}

static void lat_client(const struct task *task)
{
    int64_t *took = allocate((size_t)task->n * sizeof *took);
    void *end = task->by->connect(task->address);

    ask(task, end, warm_up(task));
    int64_t cpu = cpu_ns();
    int64_t first = now_ns();
    int64_t began = first;
    for (long i = 0; i < task->n; i++) {
        ask(task, end, 1);
        int64_t ended = now_ns();
        took[i] = ended - began;
        began = ended;
    }
    add(NS, (double)(began - first) / (double)task->n);
    add(CPU_NS, (double)(cpu_ns() - cpu) / (double)task->n);
    add_latencies(took, task->n);
    task->by->close(end);
}

static void paced_client(const struct task *task)
{
    struct timespec pause = {task->count / 1000000,
                             task->count % 1000000 * 1000};
    int64_t *took = allocate((size_t)task->n * sizeof *took);
    int64_t total = 0;
    void *end = task->by->connect(task->address);

    ask(task, end, warm_up(task));
    int64_t cpu = cpu_ns();
    for (long i = 0; i < task->n; i++) {
        nanosleep(&pause, NULL);
        int64_t began = now_ns();
        ask(task, end, 1);
        took[i] = now_ns() - began;
        total += took[i];
    }
    add(NS, (double)total / (double)task->n);
    add(CPU_NS, (double)(cpu_ns() - cpu) / (double)task->n);
    add_latencies(took, task->n);
    task->by->close(end);
}

static void ow_server(const struct task *task)
{
    void *listener = task->by->listen(task->address);
    ready();
    void *end = task->by->accept(listener);

    answer(task, end, warm_up(task));
    int64_t cpu = cpu_ns();
    for (long i = 0; i < task->n; i++) {
        task->by->receive(end, task->buffer, task->size);
    }
    add(CPU_NS, (double)(cpu_ns() - cpu) / (double)task->n);
    task->by->send(end, "k", 1);
    await_client();
    task->by->close(end);
    task->by->unlisten(listener);
}

static void ow_client(const struct task *task)
{
    char back;
    void *end = task->by->connect(task->address);

    ask(task, end, warm_up(task));
    int64_t cpu = cpu_ns();
    int64_t began = now_ns();
    for (long i = 0; i < task->n; i++) {
        task->by->send(end, task->buffer, task->size);
    }
    task->by->receive(end, &back, 1);
    add(NS, (double)(now_ns() - began) / (double)task->n);
    add(CPU_NS, (double)(cpu_ns() - cpu) / (double)task->n);
    task->by->close(end);
}

const struct mode pair_modes[] = {{"rt", echo_server, rt_client},
                                  {"lat", echo_server, lat_client},
                                  {"paced", echo_server, paced_client},
                                  {"ow", ow_server, ow_client},
                                  {0}};
