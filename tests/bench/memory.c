/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The mode
 *
 *     memory  what N idle connections over COUNT names hold, each used for one
 *             round trip, and how long it takes to open one
 */

#include <stdio.h>
#include <unistd.h>

#include "bench.h"

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

/* A process may have so many descriptors; so more connections than these need
 * several pairs of processes, which open theirs at the same time. */
#define MOST_OF_A_PAIR 2500

struct part {
    struct task task; /* of this pair */
    long parts;
    double n; /* connections of all pairs */
};

static long count_parts(const struct task *task)
{
    return (task->n + MOST_OF_A_PAIR - 1) / MOST_OF_A_PAIR;
}

static void in_parts(const struct task *task,
                     void (*side)(const struct part *part))
{
    long parts = count_parts(task);
    int *pids = allocate((size_t)parts * sizeof *pids);

    for (long i = 0; i < parts; i++) {
        if (in_child(&pids[i])) {
            char address[100];
            struct part part = {*task, parts, (double)task->n};
            snprintf(address, sizeof address, "%s.%ld", task->address, i);
            part.task.address = address;
            part.task.n /= parts;
            part.task.count /= parts;
            side(&part);
            _exit(0);
        }
    }
    for (long i = 0; i < parts; i++) {
        await_child(pids[i]);
    }
}

/* What came since before, for each of the connections. */
static void add_growth(const struct part *part, struct resident before)
{
    struct resident now = measure();
    add(RSS, (now.rss - before.rss) / part->n);
    add(PSS, (now.pss - before.pss) / part->n);
}

/* One of the names. */
static const char *address_of(const struct task *task, long number)
{
    static char address[120];
    snprintf(address, sizeof address, "%s.%ld", task->address,
             number % task->count);
    return address;
}

/* One more connection, which is there once, carries the words between the two
 * sides. */
static void hold_many(const struct part *part)
{
    const struct task *task = &part->task;
    void **ends = allocate((size_t)task->n * sizeof *ends);
    void **listeners = allocate((size_t)task->count * sizeof *listeners);
    void *listener = task->by->listen(task->address);

    ready();
    void *words = task->by->accept(listener);
    answer(task, words, 1);
    struct resident before = measure();
    for (long i = 0; i < task->count; i++) {
        listeners[i] = task->by->listen(address_of(task, i));
    }
    answer(task, words, 1);
    for (long i = 0; i < task->n; i++) {
        ends[i] = task->by->accept(listeners[i % task->count]);
        answer(task, ends[i], 1);
    }
    answer(task, words, 1); /* all are open */
    add_growth(part, before);
    answer(task, words, 1);
    await_client();
    close_many(task, ends, task->n);
    for (long i = 0; i < task->count; i++) {
        task->by->unlisten(listeners[i]);
    }
    task->by->close(words);
    task->by->unlisten(listener);
}

static void open_many(const struct part *part)
{
    const struct task *task = &part->task;
    void **ends = allocate((size_t)task->n * sizeof *ends);
    void *words = task->by->connect(task->address);

    ask(task, words, 1);
    struct resident before = measure();
    ask(task, words, 1);
    int64_t began = now_ns();
    for (long i = 0; i < task->n; i++) {
        ends[i] = task->by->connect(address_of(task, i));
        ask(task, ends[i], 1);
    }
    add(NS, (double)(now_ns() - began) / part->n / (double)part->parts);
    ask(task, words, 1);
    add_growth(part, before);
    meet(part->parts);
    ask(task, words, 1);
    close_many(task, ends, task->n);
    task->by->close(words);
}

static void memory_server(const struct task *task)
{
    in_parts(task, hold_many);
}

static void memory_client(const struct task *task)
{
    for (long i = 1; i < count_parts(task); i++) {
        await_ready(); /* the first one is */
    }
    in_parts(task, open_many);
}

const struct mode memory_modes[] = {{"memory", memory_server, memory_client},
                                    {0}};
