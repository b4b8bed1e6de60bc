/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* What the machine is like at this moment, and how to make it busy. A virtual
 * machine's CPUs may be two halves of one core now and far apart a second
 * later; figures of transports mean something only beside that. */

#include <signal.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "bench.h"

#define LINE 64
#define ROUNDS 20000
#define BOUND_NS 200000000 /* on one CPU, or on busy ones */
#define HOG_LIMIT 600      /* seconds, should the parent's death be missed */

struct lines {
    _Alignas(LINE) _Atomic long there;
    _Alignas(LINE) _Atomic long back;
};

/* Wait for a value; false when it does not come in time. */
static bool watch(_Atomic long *line, long value, int64_t deadline)
{
    for (long looks = 1; atomic_load(line) < value; looks++) {
        if (looks % 1024 == 0 && now_ns() > deadline) {
            return false;
        }
    }
    return true;
}

/* Print the nanoseconds of a cache line's way from one process to another and
 * back, 0 if that cannot be told here. */
int probe(void)
{
    int other;
    int64_t deadline = now_ns() + BOUND_NS;
    struct lines *lines = mmap(NULL, sizeof *lines, PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must(lines != MAP_FAILED, "mmap");
    if (in_child(&other)) {
        for (long i = 1; i <= ROUNDS && watch(&lines->there, i, deadline);
             i++) {
            atomic_store(&lines->back, i);
        }
        _exit(0);
    }
    int64_t began = 0;
    long done = 0;
    for (long i = 1; i <= ROUNDS; i++) {
        atomic_store(&lines->there, i);
        if (!watch(&lines->back, i, deadline)) {
            break;
        }
        done++;
        if (i == ROUNDS / 20) {
            began = now_ns();
        }
    }
    double rounds = ROUNDS - ROUNDS / 20;
    double ns = done == ROUNDS ? (double)(now_ns() - began) / rounds : 0;
    await_child(other);
    printf("{\"ns\": %.1f}\n", ns);
    return 0;
}

int hog(void)
{
    volatile unsigned long turns = 0;

    alarm(HOG_LIMIT);
    must(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0, "prctl");
    for (;;) {
        turns++;
    }
}
