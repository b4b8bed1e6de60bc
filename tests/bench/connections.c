/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The modes about connections rather than messages:
 *
 *     connect  connect, hear that the server has closed, close: N times, with
 *              COUNT other connections open
 *     idle     the server waits COUNT milliseconds for a message
 *     dead     the server holds its end for COUNT milliseconds after the
 *              client was killed
 */

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

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

    answer(task, end, 1);
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

    ask(task, end, 1);
    sleep_ms(task->count);
    task->by->send(end, task->buffer, task->size);
    task->by->close(end);
}

static void dead_server(const struct task *task)
{
    void *listener = task->by->listen(task->address);
    ready();
    void *end = task->by->accept(listener);

    answer(task, end, 1);
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
        ask(task, task->by->connect(task->address), 1);
        raise(SIGKILL);
    }
    must(waitpid(victim, NULL, 0) == victim, "waitpid");
}

const struct mode connection_modes[] = {
    {"connect", connect_server, connect_client},
    {"idle", idle_server, idle_client},
    {"dead", dead_server, dead_client},
    {0}};
