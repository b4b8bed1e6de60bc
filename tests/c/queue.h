/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Both ends of a queue, taken step by step. On a ring of RING bytes everything
 * wraps. */

#ifndef QUEUE_H
#define QUEUE_H

#include "check.h"
#include "pipe/npi_queue.h"

#define RING 64

static struct npi_lane lane;
static unsigned char ring[4096];
static struct npi_writer w;
static struct npi_reader r;
static unsigned char out[4096];
static unsigned char big[4096];

static inline void open_queue(uint64_t capacity, uint64_t quota, bool message)
{
    free(r.stash);
    memset(&lane, 0, sizeof lane);
    memset(ring, 0xEE, sizeof ring);
    for (size_t i = 0; i < sizeof big; i++) {
        big[i] = (unsigned char)(i * 7 + i / 256);
    }
    npi_writer_init(&w, &lane, ring, capacity, quota, message);
    npi_reader_init(&r, &lane, ring, capacity);
}

static inline enum npi_step put_now(const void *data, uint64_t size)
{
    struct npi_put put;
    npi_put_init(&put, data, size, false);
    return npi_put_now(&w, &put);
}

static struct npi_get got;

static inline enum npi_step get(uint64_t size, bool message)
{
    npi_get_init(&got, out, size, message, false);
    return npi_get(&r, &got, true);
}

#endif
