/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* One measurement, between two processes, printed as one line of JSON:
 *
 *     bench TRANSPORT MODE SIZE N [COUNT]
 *
 * run.py calls it many times and compares; bench.h has the transports and what
 * the figures mean, the files with "modes" at their end have the modes. Also
 *
 *     bench probe    how far the CPUs are apart: a cache line there and back
 *     bench hog      burn a CPU until the parent dies, or for some minutes
 */

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

#define LONGEST_RUN 60 /* seconds, whatever goes wrong */

static const struct transport *const transports[] = {
    &np_messages, &np_bytes, &unix_stream, &unix_seqpacket,
    &fifos,       &ring,     &large_ring,
#ifdef HAVE_UV
    &uv_pipes,
#endif
#ifdef HAVE_ZMQ
    &zmq_pair,
#endif
#ifdef HAVE_NNG
    &nng_pair,
#endif
};

static const char *const figure_names[FIGURES] = {
    [NS] = "ns",     [CPU_NS] = "cpu_ns", [P50] = "p50", [P99] = "p99",
    [P999] = "p999", [SHARE] = "share",   [RSS] = "rss", [PSS] = "pss"};

/* In memory that all processes of a run share; in thousandths. */
static struct figures {
    atomic_bool is_set[FIGURES];
    _Atomic int64_t value[FIGURES];
    atomic_long arrived; /* processes that meet */
} * figures;

static int ready_pipe[2]; /* the server says one byte */
static int done_pipe[2];  /* closed by the client */

void must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
        exit(1);
    }
}

void *allocate(size_t n)
{
    void *memory = calloc(1, n ? n : 1);
    must(memory, "calloc");
    return memory;
}

static int64_t clock_ns(clockid_t clock)
{
    struct timespec t;
    must(clock_gettime(clock, &t) == 0, "clock_gettime");
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t now_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

int64_t cpu_ns(void)
{
    return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

long warm_up(const struct task *task)
{
    long n = task->n / 20;
    return n < 10 ? 10 : n;
}

void add(enum figure figure, double value)
{
    figures->value[figure] += llround(value * 1000);
    figures->is_set[figure] = true;
}

static void print_figures(void)
{
    const char *between = "{";
    for (int i = 0; i < FIGURES; i++) {
        if (figures->is_set[i]) {
            printf("%s\"%s\": %.3f", between, figure_names[i],
                   (double)figures->value[i] / 1000);
            between = ", ";
        }
    }
    puts("}");
}

bool in_child(int *pid_out)
{
    int parent = getpid();
    *pid_out = fork();
    must(*pid_out >= 0, "fork");
    if (*pid_out > 0) {
        return false;
    }
    alarm(LONGEST_RUN);
    must(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0, "prctl");
    if (getppid() != parent) {
        _exit(1);
    }
    return true;
}

void await_child(int pid)
{
    int status;
    must(waitpid(pid, &status, 0) == pid, "waitpid");
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "bench: a process of the run has failed\n");
        exit(1);
    }
}

void **accept_many(const struct task *task, void *listener, long n)
{
    void **ends = allocate((size_t)n * sizeof *ends);
    for (long i = 0; i < n; i++) {
        ends[i] = task->by->accept(listener);
    }
    return ends;
}

void **connect_many(const struct task *task, long n)
{
    void **ends = allocate((size_t)n * sizeof *ends);
    for (long i = 0; i < n; i++) {
        ends[i] = task->by->connect(task->address);
    }
    return ends;
}

void close_many(const struct task *task, void **ends, long n)
{
    for (long i = 0; i < n; i++) {
        task->by->close(ends[i]);
    }
}

void ask(const struct task *task, void *end, long times)
{
    for (long i = 0; i < times; i++) {
        task->by->send(end, task->buffer, task->size);
        task->by->receive(end, task->buffer, task->size);
    }
}

void answer(const struct task *task, void *end, long times)
{
    for (long i = 0; i < times; i++) {
        task->by->receive(end, task->buffer, task->size);
        task->by->send(end, task->buffer, task->size);
    }
}

void ready(void)
{
    must(write(ready_pipe[1], "", 1) == 1, "write");
}

void await_ready(void)
{
    char byte;
    must(read(ready_pipe[0], &byte, 1) == 1, "the server is not ready");
}

void meet(long n)
{
    struct timespec moment = {0, 1000000};
    figures->arrived++;
    while (figures->arrived < n) {
        nanosleep(&moment, NULL);
    }
}

void await_client(void)
{
    char byte;
    must(read(done_pipe[0], &byte, 1) == 0, "read");
}

static void run(const struct mode *mode, const struct task *task)
{
    int server;

    must(pipe(ready_pipe) == 0 && pipe(done_pipe) == 0, "pipe");
    if (in_child(&server)) {
        close(ready_pipe[0]);
        close(done_pipe[1]);
        mode->server(task);
        _exit(0);
    }
    close(ready_pipe[1]);
    await_ready();
    mode->client(task);
    close(done_pipe[1]);
    await_child(server);
}

static const struct transport *find_transport(const char *name)
{
    for (size_t i = 0; i < sizeof transports / sizeof *transports; i++) {
        if (strcmp(name, transports[i]->name) == 0) {
            return transports[i];
        }
    }
    return NULL;
}

static const struct mode *find_mode(const char *name)
{
    static const struct mode *const all[] = {
        pair_modes, crowd_modes, connection_modes, memory_modes, lookup_modes};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        for (const struct mode *mode = all[i]; mode->name; mode++) {
            if (strcmp(name, mode->name) == 0) {
                return mode;
            }
        }
    }
    return NULL;
}

static void make_address(char *address, size_t size)
{
    const char *directory = getenv("TMPDIR");
    snprintf(address, size, "%s/b%ld", directory ? directory : P_tmpdir,
             (long)getpid());
}

int main(int argc, char **argv)
{
    char address[80];
    struct task task = {.address = address};
    const struct mode *mode = NULL;

    alarm(LONGEST_RUN);
    signal(SIGPIPE, SIG_IGN);
    if (argc == 2 && strcmp(argv[1], "probe") == 0) {
        return probe();
    }
    if (argc == 2 && strcmp(argv[1], "hog") == 0) {
        return hog();
    }
    if (argc >= 5) {
        task.by = find_transport(argv[1]);
        mode = find_mode(argv[2]);
        task.size = strtoul(argv[3], NULL, 10);
        task.n = strtol(argv[4], NULL, 10);
        task.count = argc > 5 ? strtol(argv[5], NULL, 10) : 0;
    }
    if (!task.by || !mode || task.n < 1) {
        fprintf(stderr, "usage: bench TRANSPORT MODE SIZE N [COUNT]\n");
        return 2;
    }
    make_address(address, sizeof address);
    task.buffer = allocate(task.size);
    memset(task.buffer, 'x', task.size);
    figures = mmap(NULL, sizeof *figures, PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must(figures != MAP_FAILED, "mmap");
    run(mode, &task);
    unlink(address); /* what a peer's library has left */
    print_figures();
    return 0;
}
