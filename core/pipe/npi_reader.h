/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The parts of the reading end: npi_get.c and npi_peek.c stand on npi_claim.c,
 * that on npi_reader.c. */

#ifndef NPI_READER_H
#define NPI_READER_H

#include "pipe/npi_queue.h"

uint64_t npi_stashed(const struct npi_reader *reader);

/* Committed bytes at head; NPI_BROKEN on a tail that cannot be. */
enum npi_step npi_committed(struct npi_reader *reader, uint64_t *avail);

/* Whether the record at head can be gone on with although nothing follows. */
bool npi_stash_only(const struct npi_reader *reader);

/* Whether an offer waits to be read. */
bool npi_on_offer(const struct npi_reader *reader, uint64_t *word);
/* Claim the offer if there is one; what is physically there of a claimed one;
 * let go (false: abandoned, forgotten). */
enum npi_claim {
    NPI_CLAIM_NONE,  /* there is none */
    NPI_CLAIM_MOVED, /* the writer has got on: look for committed data again */
    NPI_CLAIM_TAKEN
};
enum npi_claim npi_claim(struct npi_reader *reader);
enum npi_step npi_claimed(struct npi_reader *reader, uint64_t *avail);
bool npi_unclaim(struct npi_reader *reader, uint64_t copied);

/* Parse the header of the record at a position. */
bool npi_record(const struct npi_reader *reader, uint64_t at, uint64_t avail,
                uint64_t *header, uint64_t *size);

void npi_publish_head(struct npi_reader *reader);

/* Use all of the ring if the writer does. */
void npi_follow_growth(struct npi_reader *reader);

/* Of the claimed offer, so much has been given to the program. */
void npi_give(struct npi_reader *reader, uint64_t bytes);

/* The record at head is withdrawn, `copied` bytes of it are dropped. */
void npi_forget_record(struct npi_reader *reader, uint64_t copied);

/* Find out what became of an offer whose record was half read. */
void npi_follow_offer(struct npi_reader *reader);

/* Bring walk and walk_bytes up to what is committed now, which ends at
 * *tail_out; false: broken. */
bool npi_walk(struct npi_reader *reader, uint64_t *tail_out);

#endif
