/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Many pipes whose servers' ends are selected by one thread, and something that
 * happens just before it sleeps. The including file defines _GNU_SOURCE. */

#ifndef MANY_H
#define MANY_H

#include "stranger.h"

#define MANY 24
#define SECONDS 10000 /* ms: far more than anything takes */

static struct pair pairs[MANY];
static np_select_item items[MANY + 2];

static inline void open_all(void)
{
    char name[32];
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "many-%d", i);
        pairs[i] = pair_open(name, NP_MESSAGE, 4096);
        items[i] = (np_select_item){.pipe = pairs[i].server};
    }
}

static inline void close_all(void)
{
    for (int i = 0; i < MANY; i++) {
        pair_close(&pairs[i]);
    }
}

static inline void say(np_pipe *pipe, const char *text)
{
    size_t n;
    EXPECT_EQ(np_write(pipe, text, strlen(text), &n, SECONDS), NP_OK);
}

static inline void hear(np_pipe *pipe, const char *text)
{
    size_t n;
    char buf[100];
    EXPECT_EQ(np_recv(pipe, buf, sizeof buf, &n, 0), NP_OK);
    EXPECT_EQ(n, strlen(text));
    EXPECT_EQ(memcmp(buf, text, n), 0);
}

static inline int select_n(size_t n, size_t *ready, uint32_t ms)
{
    for (size_t i = 0; i < n; i++) {
        items[i].ready = 99;
    }
    *ready = 0;
    return np_select(items, n, ready, ms);
}

/* One that is ready, and no other: item i. */
static inline void expect_only(size_t i, size_t n, uint32_t ms)
{
    size_t ready;
    EXPECT_EQ(select_n(n, &ready, ms), NP_OK);
    EXPECT_EQ(ready, 1);
    for (size_t k = 0; k < n; k++) {
        EXPECT_EQ(items[k].ready, k == i);
    }
}

static inline void expect_none(size_t n)
{
    size_t ready;
    EXPECT_EQ(select_n(n, &ready, 0), NP_TIMEOUT);
    EXPECT_EQ(select_n(n, &ready, 1), NP_TIMEOUT);
}

/* So often that the items are known. */
static inline void get_used_to(size_t n)
{
    for (int i = 0; i < 3; i++) {
        expect_none(n);
    }
}

/* --------------------------------------------------- just before it sleeps */

static void (*event)(void);

/* Asked after the last look, before each sleep. */
static inline int let_it_happen(void *unused)
{
    (void)unused;
    void (*now)(void) = event;
    event = NULL;
    if (now) {
        now();
    }
    return 0;
}

static inline void on_sleep(void (*what)(void))
{
    event = what;
    np_set_interrupt(let_it_happen, NULL);
}

static inline void write_one(void)
{
    say(pairs[7].client, "late");
}

#endif
