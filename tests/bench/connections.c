/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The modes about connections rather than messages:
 *
 *     connect  connect, hear that the server has closed, close: N times, with
 *              COUNT other connections open
 *     memory   what N idle connections hold, each used for one round trip
 *     idle     the server waits COUNT milliseconds for a message
 *     dead     the server holds its end for COUNT milliseconds after the
 *              client was killed
 */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

static void **accept_many(const struct task *task, void *listener, long n)
{
    void **ends = allocate((size_t)n * sizeof *ends);
    for (long i = 0; i < n; i++) {
        ends[i] = task->by->accept(listener);
    }
    return ends;
}

static void **connect_many(const struct task *task, long n)
{
    void **ends = allocate((size_t)n * sizeof *ends);
    for (long i = 0; i < n; i++) {
        ends[i] = task->by->connect(task->address);
    }
    return ends;
}

static void close_many(const struct task *task, void **ends, long n)
{
    for (long i = 0; i < n; i++) {
        task->by->close(ends[i]);
    }
}

/* ------------------------------------------------------------------ connect */

static void connect_server(const struct task *task)
{
    void *listener = task->by->listen(task->address);
    ready();
    void **held = accept_many(task, listener, task->count);

    for (long i = warm_up(task) + task->n; i; i--) {
        task->by->close(task->by->accept(listener));
    }
    await_client();
    close_many(task, held, task->count);
    task->by->unlisten(listener);
}

static void come_and_go(const struct task *task, long times)
{
    for (long i = 0; i < times; i++) {
        void *end = task->by->connect(task->address);
        task->by->await_end(end);
        task->by->close(end);
    }
}

static void connect_client(const struct task *task)
{
    void **held = connect_many(task, task->count);

    come_and_go(task, warm_up(task));
    int64_t began = now_ns();
    come_and_go(task, task->n);
    add(NS, (double)(now_ns() - began) / (double)task->n);
    close_many(task, held, task->count);
}

/* ------------------------------------------------------------------- memory */

struct resident {
    double rss;
    double pss;
};

static struct resident measure(void)
{
    struct resident now = {0, 0};
    char line[128];
    double kib;
    FILE *file = fopen("/proc/self/smaps_rollup", "r");

    must(file, "smaps_rollup");
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "Rss: %lf kB", &kib) == 1) {
            now.rss = kib * 1024;
        } else if (sscanf(line, "Pss: %lf kB", &kib) == 1) {
            now.pss = kib * 1024;
        }
    }
    fclose(file);
    return now;
}

/* What came since before, for each of the connections. */
static void add_growth(const struct task *task, struct resident before)
{
    struct resident now = measure();
    add(RSS, (now.rss - before.rss) / (double)task->n);
    add(PSS, (now.pss - before.pss) / (double)task->n);
}

static void ask_once(const struct task *task, void *end)
{
    task->by->send(end, task->buffer, task->size);
    task->by->receive(end, task->buffer, task->size);
}

static void answer_once(const struct task *task, void *end)
{
    task->by->receive(end, task->buffer, task->size);
    task->by->send(end, task->buffer, task->size);
}

/* The first connection carries the words between the two sides, and pays for
 * what is there once, not for each connection. */
static void memory_server(const struct task *task)
{
    void **ends = allocate((size_t)task->n * sizeof *ends);
    void *listener = task->by->listen(task->address);
    ready();
    void *first = task->by->accept(listener);

    answer_once(task, first);
    struct resident before = measure();
    answer_once(task, first);
    for (long i = 0; i < task->n; i++) {
        ends[i] = task->by->accept(listener);
        answer_once(task, ends[i]);
    }
    answer_once(task, first); /* all are open */
    add_growth(task, before);
    answer_once(task, first);
    await_client();
    close_many(task, ends, task->n);
    task->by->close(first);
    task->by->unlisten(listener);
}

static void memory_client(const struct task *task)
{
    void **ends = allocate((size_t)task->n * sizeof *ends);
    void *first = task->by->connect(task->address);

    ask_once(task, first);
    struct resident before = measure();
    ask_once(task, first);
    for (long i = 0; i < task->n; i++) {
        ends[i] = task->by->connect(task->address);
        ask_once(task, ends[i]);
    }
    ask_once(task, first);
    add_growth(task, before);
    ask_once(task, first);
    close_many(task, ends, task->n);
    task->by->close(first);
}

/* ------------------------------------------------------------ idle and dead */

static void sleep_ms(long ms)
{
    struct timespec left = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

static void add_share(int64_t cpu, int64_t began)
{
    add(SHARE, 100.0 * (double)(cpu_ns() - cpu) / (double)(now_ns() - began));
}

static void idle_server(const struct task *task)
{
    void *listener = task->by->listen(task->address);
    ready();
    void *end = task->by->accept(listener);

    answer_once(task, end);
    int64_t cpu = cpu_ns();
    int64_t began = now_ns();
    task->by->receive(end, task->buffer, task->size);
    add_share(cpu, began);
    await_client();
    task->by->close(end);
    task->by->unlisten(listener);
}

static void idle_client(const struct task *task)
{
    void *end = task->by->connect(task->address);

    ask_once(task, end);
    sleep_ms(task->count);
    task->by->send(end, task->buffer, task->size);
    task->by->close(end);
}

static void dead_server(const struct task *task)
{
    void *listener = task->by->listen(task->address);
    ready();
    void *end = task->by->accept(listener);

    answer_once(task, end);
    task->by->await_end(end);
    int64_t cpu = cpu_ns();
    int64_t began = now_ns();
    sleep_ms(task->count);
    add_share(cpu, began);
    task->by->close(end);
    task->by->unlisten(listener);
}

static void dead_client(const struct task *task)
{
    int victim;
    if (in_child(&victim)) {
        ask_once(task, task->by->connect(task->address));
        raise(SIGKILL);
    }
    must(waitpid(victim, NULL, 0) == victim, "waitpid");
}

const struct mode connection_modes[] = {
    {"connect", connect_server, connect_client},
    {"memory", memory_server, memory_client},
    {"idle", idle_server, idle_client},
    {"dead", dead_server, dead_client},
    {0}};
