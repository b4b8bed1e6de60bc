/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Whether to look a little longer before sleeping.
 *
 * A spin that succeeds saves a sleep here and a wake-up there; one that fails
 * burns a CPU for nothing. Each lane keeps an account in time: a useful spin
 * earns WORTH, every spin pays what it burned, and the balance is at most
 * RICH. An empty account earns a share of 1/SHARE of the time that passes. So
 * vain spinning never exceeds that share of wall time plus RICH, whatever makes
 * it vain: a slow peer, an idle one, busy CPUs.
 *
 * WORTH is what sleeping and being woken cost both sides in CPU time: 25 us of
 * it were measured on virtual machines, where an idle CPU is left and entered
 * through the host, several times less on bare metal. It is also how long the
 * peer may take over a message of 64 KiB, so that such conversations pay their
 * way; with 5 us they fell asleep each time, and took ten times as long and as
 * much CPU.
 *
 * Where the peer had to be woken by our last ring, a spin has little hope: it
 * must be scheduled first. Then we spin only for a trial every 2^losses waits,
 * long enough to see a slow wake-up through. On such a trial the peer finds
 * that it need not ring, so it spins as well, and both are out of the slow
 * mode.
 *
 * So it is after HOPELESS spins in vain, whatever they cost: each of many
 * clients of a busy server could afford its own, all together could not.
 *
 * Where the peer was last seen on our own CPU it cannot move while we look, so
 * we give way to it instead (sched_yield), a few times. If it runs, nobody
 * sleeps and nobody is woken. Others may run as well, who would have had to
 * wait for one that was woken: so here the account pays for all the time that
 * passes, also when it ends well, and busy CPUs settle it.
 *
 * A reader that is as fast as its writer finds one message at a time, and
 * takes the cache line of the queue's end from the writer with each look. So
 * who has read STREAM messages and written none, and has caught up, lets some
 * gather for GATHER pauses, a fifth of a microsecond, before it looks again: a
 * stream of 64 bytes is 1.2 times as fast then, one of 4 KiB up to 1.6 times.
 * If none came it must read some more first; who answers what it reads never
 * waits.
 *
 * With one CPU, or a quota below two, nothing is ever spun; giving way remains.
 * NAMEDPIPE_SPIN=0 forbids both, and so does NP_FLAG_NO_SPIN for one end. */

#define _GNU_SOURCE 1

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "linux/npx.h"

#define LIMIT 20000 /* the longest hopeful spin, ns */
#define TRIAL 50000 /* the longest trial */
#define WORTH LIMIT /* what a sleep and a wake-up cost */
#define RICH (8 * LIMIT)
#define SHARE 32
#define MOST_LOSSES 8
#define HOPELESS 6
#define FREE_LOOKS 24 /* under a microsecond: no clock, no charge */
#define GIVE_WAY 3    /* times, before sleeping */
#define STREAM 16
#define GATHER 6

static void pause_cpu(void)
{
#if defined __x86_64__ || defined __i386__
    __builtin_ia32_pause();
#elif defined __aarch64__
    __asm__ volatile("yield");
#endif
}

/* A CPU quota below two whole CPUs makes spinning as bad as one CPU does. */
static bool quota_allows(void)
{
    long long quota, period;
    FILE *file = fopen("/sys/fs/cgroup/cpu.max", "re");
    if (!file) {
        return true;
    }
    int n = fscanf(file, "%lld %lld", &quota, &period);
    fclose(file);
    return n != 2 || quota >= 2 * period;
}

static bool user_allows(void)
{
    const char *text = getenv("NAMEDPIPE_SPIN");
    return !text || strcmp(text, "0") != 0;
}

enum policy { UNKNOWN, SLEEP, YIELD, SPIN };

static enum policy policy(void)
{
    static atomic_int known;
    int value = atomic_load_explicit(&known, memory_order_relaxed);
    if (value == UNKNOWN) {
        cpu_set_t cpus;
        bool many = sched_getaffinity(0, sizeof cpus, &cpus) == 0 &&
                    CPU_COUNT(&cpus) > 1;
        value = !user_allows() ? SLEEP : many && quota_allows() ? SPIN : YIELD;
        atomic_store_explicit(&known, value, memory_order_relaxed);
    }
    return (enum policy)value;
}

void npx_account_open(struct npx_account *account)
{
    account->balance = RICH;
    account->last = npi_now();
}

/* The peer was last seen on the CPU we are on; and leave ours for it. */
static bool on_my_cpu(struct npx_pipe *h)
{
    uint32_t here = (uint32_t)sched_getcpu() + 1;
    _Atomic uint32_t *mine = &h->shm->cpu[h->server ? 1 : 0];
    if (atomic_load_explicit(mine, memory_order_relaxed) != here) {
        atomic_store_explicit(mine, here, memory_order_relaxed);
    }
    return atomic_load_explicit(&h->shm->cpu[h->server ? 0 : 1],
                                memory_order_relaxed) == here;
}

static void deposit(struct npx_account *account, int64_t amount)
{
    account->balance += amount;
    if (account->balance > RICH) {
        account->balance = RICH;
    }
}

static bool affords(struct npx_account *account, int64_t price)
{
    if (account->balance >= price) {
        return true;
    }
    int64_t now = npi_now();
    deposit(account, (now - account->last) / SHARE);
    account->last = now;
    return account->balance >= price;
}

static void won(struct npx_account *account)
{
    account->losses = account->skip = 0;
}

static void lost(struct npx_account *account)
{
    if (account->losses < MOST_LOSSES) {
        account->losses++;
    }
    account->skip = 1u << account->losses;
}

/* Look n times. */
static bool look(struct npx_op *op, int n)
{
    for (int i = 0; i < n; i++) {
        if (op->ready(op)) {
            return true;
        }
        pause_cpu();
    }
    return false;
}

static bool spin_for(struct npx_op *op, struct npx_account *account,
                     int64_t limit)
{
    if (look(op, FREE_LOOKS)) {
        deposit(account, WORTH);
        won(account);
        return true;
    }
    int64_t start = npi_now(), burned;
    bool useful;
    do {
        useful = look(op, 4);
        burned = npi_now() - start;
    } while (!useful && burned < limit);
    account->last = start + burned;
    deposit(account, (useful ? WORTH : 0) - burned);
    if (useful && burned < WORTH) {
        won(account);
    } else {
        lost(account);
    }
    return useful;
}

/* The price is paid afterwards, for others may run as long as they like. */
static bool give_way(struct npx_op *op, struct npx_account *account)
{
    int64_t start = npi_now();
    bool useful = false;
    for (int i = 0; i < GIVE_WAY && !useful; i++) {
        sched_yield();
        useful = op->ready(op);
    }
    account->last = npi_now();
    deposit(account, (useful ? WORTH : 0) - (account->last - start));
    if (useful) {
        won(account);
    } else {
        lost(account);
    }
    return useful;
}

bool npx_may_spin(const struct npx_pipe *h)
{
    return h->spins && policy() == SPIN;
}

/* By looking, or, with the peer on our own CPU, by giving way. */
static bool spin(struct npx_op *op, bool here)
{
    struct npx_account *account = &op->lane->account;
    bool woke = atomic_exchange_explicit(&op->h->rang, false,
                                         memory_order_relaxed);
    bool hopeless = account->losses >= HOPELESS;
    if ((here || woke || hopeless) && account->skip > 0) {
        account->skip--;
        return false;
    }
    if (here) {
        return affords(account, 0) && give_way(op, account);
    }
    int64_t limit = woke && account->losses > 0 ? TRIAL : LIMIT;
    return affords(account, limit) && spin_for(op, account, limit);
}

bool npx_spin(struct npx_op *op)
{
    struct npx_pipe *h = op->h;
    if (!h->spins || policy() == SLEEP || !h->shm) {
        return false;
    }
    bool here = on_my_cpu(h);
    return (here || policy() == SPIN) && spin(op, here);
}

bool npx_spin_first(struct npx_op *op)
{
    if (!npx_may_spin(op->h) || !op->h->shm || on_my_cpu(op->h)) {
        return false;
    }
    op->spun = !spin(op, false);
    return !op->spun;
}

void npx_streams(struct npx_pipe *h)
{
    unsigned n = atomic_load_explicit(&h->stream, memory_order_relaxed);
    if (n < STREAM) {
        atomic_store_explicit(&h->stream, n + 1, memory_order_relaxed);
    }
}

void npx_streams_less(struct npx_pipe *h)
{
    atomic_store_explicit(&h->stream, STREAM - STREAM / 4,
                          memory_order_relaxed);
}

void npx_streams_not(struct npx_pipe *h)
{
    if (atomic_load_explicit(&h->stream, memory_order_relaxed) != 0) {
        atomic_store_explicit(&h->stream, 0, memory_order_relaxed);
    }
}

bool npx_gather(struct npx_pipe *h)
{
    if (atomic_load_explicit(&h->stream, memory_order_relaxed) < STREAM ||
        !npx_may_spin(h)) {
        return false;
    }
    for (int i = 0; i < GATHER; i++) {
        pause_cpu();
    }
    return true;
}
