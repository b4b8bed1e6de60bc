/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The shared-memory format: what two processes, possibly of different builds,
 * agree on. Fixed-width fields, each written by one side only unless it says
 * otherwise; every one is untrusted input to the other side.
 *
 * One connection is one memory file:
 *     page 0                  struct npi_shm
 *     page 1 ...              ring of lane 0, client to server
 *     behind it, page-aligned ring of lane 1, server to client
 *
 * Change anything here and NPI_FORMAT must change with it. */

#ifndef NPI_FORMAT_H
#define NPI_FORMAT_H

#include <assert.h>
#include <limits.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define NPI_MAGIC UINT32_C(0x4550504E) /* "NPPE" */
#define NPI_FORMAT 2
#define NPI_SHM_HEADER 4096

/* Bit 63 of an index word: the other side sleeps until the index moves. */
#define NPI_WAITS (UINT64_C(1) << 63)

/* One direction. The writer is the end that writes into it. */
struct npi_lane {
    /* Written by the writer; NPI_WAITS is set by the reader. Free-running ring
     * position: all before it is committed, complete records. */
    _Alignas(64) _Atomic uint64_t tail;
    /* Written by the writer, once: all of the ring is in use from tail on. */
    _Atomic uint32_t grown;

    /* Written by the writer: the one write that exceeds the quota. */
    _Alignas(64) _Atomic uint64_t fill; /* ring position: physically there */
    _Atomic uint64_t offer_size;        /* its data bytes */
    _Atomic uint64_t behind; /* data bytes of writes that wait behind it */
    _Atomic uint64_t cut;    /* number of the last offer withdrawn half read */
    /* Written by both, by compare and exchange: number * 8 +
     * npi_offer_state. */
    _Atomic uint64_t offer;

    /* Written by the reader; NPI_WAITS is set by the writer. Ring position: all
     * before it may be overwritten. */
    _Alignas(64) _Atomic uint64_t head;
    /* Written by the reader before head: data bytes given to the program, or
     * dropped with a withdrawn offer. */
    _Atomic uint64_t read;
    /* Written by the reader: room in the buffers of reads that wait now. */
    _Atomic uint64_t wanted;
    /* Written by the reader: of the offer it claimed last, data bytes given to
     * the program. */
    _Atomic uint64_t given;

    /* Left for later versions of the same format; zero. */
    _Alignas(64) _Atomic uint64_t reserved[8];
};

enum npi_offer_state {
    NPI_OFFER_NONE = 0,
    NPI_OFFERED = 1,   /* nobody is reading it just now; may be withdrawn */
    NPI_CLAIMED = 2,   /* a read is copying from it */
    NPI_ABANDONED = 3, /* withdrawn while claimed; the reader must answer */
    NPI_FOLDED = 4,    /* complete: tail moves over it at once */
    NPI_WITHDRAWN = 5  /* taken back, or the answer to NPI_ABANDONED */
};

struct npi_shm {
    uint32_t magic;   /* by the client, before the server sees the file */
    uint32_t format;  /* same */
    uint64_t size;    /* of the whole file; same */
    uint64_t ring[2]; /* bytes of each ring; same */
    /* By each end, once, when it closes in good order; [0] client, [1] server.
     * Hints: only the end of the socket proves anything. */
    _Atomic uint32_t closed[2];
    /* By the server's end: DisconnectNamedPipe. */
    _Atomic uint32_t disconnected;
    /* By each end when it waits: 1 + the CPU it was on. A hint for spinning. */
    _Atomic uint32_t cpu[2];
    /* By the server's end, once it has admitted this memory: from then on it
     * says so when it closes. */
    _Atomic uint32_t greeted;
    _Alignas(64) struct npi_lane lane[2];
};

static_assert(CHAR_BIT == 8, "bytes are octets");
static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && ATOMIC_INT_LOCK_FREE == 2,
              "atomics in shared memory must not use a lock table");
static_assert(sizeof(_Atomic uint64_t) == 8, "plain 64-bit atomics");
static_assert(offsetof(struct npi_lane, tail) == 0, "format 2");
static_assert(offsetof(struct npi_lane, grown) == 8, "format 2");
static_assert(offsetof(struct npi_lane, fill) == 64, "format 2");
static_assert(offsetof(struct npi_lane, offer_size) == 72, "format 2");
static_assert(offsetof(struct npi_lane, behind) == 80, "format 2");
static_assert(offsetof(struct npi_lane, cut) == 88, "format 2");
static_assert(offsetof(struct npi_lane, offer) == 96, "format 2");
static_assert(offsetof(struct npi_lane, head) == 128, "format 2");
static_assert(offsetof(struct npi_lane, read) == 136, "format 2");
static_assert(offsetof(struct npi_lane, wanted) == 144, "format 2");
static_assert(offsetof(struct npi_lane, given) == 152, "format 2");
static_assert(sizeof(struct npi_lane) == 256, "format 2");
static_assert(offsetof(struct npi_shm, closed) == 32, "format 2");
static_assert(offsetof(struct npi_shm, disconnected) == 40, "format 2");
static_assert(offsetof(struct npi_shm, cpu) == 44, "format 2");
static_assert(offsetof(struct npi_shm, lane) == 64, "format 2");
static_assert(sizeof(struct npi_shm) <= NPI_SHM_HEADER, "fits its page");

/* The records in a ring. A short one is its length in one byte and the data; a
 * long one is NPI_LONG, the length in four bytes, low first, and the data. A
 * quota of q data bytes in records of at least one byte thus never needs more
 * than 2 * q bytes of ring. */
#define NPI_SHORT_MAX 239
#define NPI_LONG 0xF0
#define NPI_LONG_HEADER 5
#define NPI_SIZE_MAX UINT64_C(0x7FFFFFFF) /* of one record's data */

/* The largest quota that is honoured exactly; a larger one acts like it. */
#define NPI_QUOTA_MAX (UINT64_C(64) << 20)

/* Ring bytes a quota needs: a power of two with room for any mix of messages
 * that fits the quota, and for empty ones besides. */
static inline uint64_t npi_ring_size(uint64_t quota)
{
    uint64_t need = 2 * (quota < NPI_QUOTA_MAX ? quota : NPI_QUOTA_MAX) + 4096;
    uint64_t size = 8192;
    while (size < need) {
        size *= 2;
    }
    return size;
}

/* Ring bytes it may grow to for large writes, see npi_queue.h. */
#define NPI_GROWTH 8
#define NPI_GROWN_MAX (UINT64_C(2) << 20)

static inline uint64_t npi_ring_most(uint64_t quota)
{
    uint64_t size = npi_ring_size(quota), most = size * NPI_GROWTH;
    if (most > NPI_GROWN_MAX) {
        most = NPI_GROWN_MAX;
    }
    return most > size ? most : size;
}

static inline uint64_t npi_shm_size(uint64_t ring0, uint64_t ring1)
{
    return NPI_SHM_HEADER + ring0 + ring1;
}

#endif
