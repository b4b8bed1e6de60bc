/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The modes that ask for names, which only our pipes have: N times, of a pipe
 * with COUNT busy instances and one that listens.
 *
 *     wait    wait for an instance that listens
 *     exists  whether there is such a pipe
 *     names   list all pipes
 */

#include "namedpipe.h"

#include "bench.h"

static void hold_server(const struct task *task)
{
    void *listener = task->by->listen(task->address);
    ready();
    void **held = accept_many(task, listener, task->count);

    await_client();
    close_many(task, held, task->count);
    task->by->unlisten(listener);
}

static void look(const struct task *task, void (*once)(const char *name))
{
    const char *name = pipe_name(task->address);
    void **held = connect_many(task, task->count);

    once(name);
    int64_t began = now_ns();
    for (long i = 0; i < task->n; i++) {
        once(name);
    }
    add(NS, (double)(now_ns() - began) / (double)task->n);
    close_many(task, held, task->count);
}

static void wait_once(const char *name)
{
    must(np_wait(name, NP_INFINITE) == NP_OK, "np_wait");
}

static void exists_once(const char *name)
{
    must(np_exists(name) == NP_OK, "np_exists");
}

static void names_once(const char *name)
{
    char *list = NULL;
    (void)name;
    must(np_names(NULL, &list) == NP_OK, "np_names");
    np_free(list);
}

static void wait_client(const struct task *task)
{
    look(task, wait_once);
}

static void exists_client(const struct task *task)
{
    look(task, exists_once);
}

static void names_client(const struct task *task)
{
    look(task, names_once);
}

const struct mode lookup_modes[] = {{"wait", hold_server, wait_client},
                                    {"exists", hold_server, exists_client},
                                    {"names", hold_server, names_client},
                                    {0}};
