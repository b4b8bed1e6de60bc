/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The registry: which pipes exist, their instances' slots, who listens. Files
 * only; see the head of npx_registry.c for the layout and the rules. */

#ifndef NPX_REGISTRY_H
#define NPX_REGISTRY_H

#include "np_internal.h"

/* More than a process may open files for; without a limit of its own (255, C2)
 * a pipe has so many instances at most. */
#define NPX_MAX_SLOTS 16384

/* Pipe-wide, fixed by the first instance. */
struct npx_meta {
    uint32_t mode;   /* NP_BYTE, NP_MESSAGE */
    uint32_t access; /* NP_INBOUND ... */
    uint32_t max_instances;
    uint32_t default_timeout; /* ms */
};

/* What an instance holds of its name. */
struct npx_slot {
    int dir_fd;     /* the name's directory */
    int meta_fd;    /* its own description, holding the slot's lock */
    unsigned index; /* below NPX_MAX_SLOTS */
    uint64_t turn;  /* of its last listen, increasing over the name */
    uint32_t in_quota, out_quota;
    bool has_socket; /* it has listened */
};

/* Take a free slot, making directory and meta file for the first one. Checks in
 * the order of rule C4: NP_PIPE_BUSY (max), NP_ACCESS_DENIED (first wanted and
 * the name exists), NP_ACCESS_DENIED (direction); NP_REVISION_MISMATCH;
 * NP_NO_SYSTEM_RESOURCES. *meta_out is what holds for the pipe. */
int npx_slot_take(const struct npi_name *name, const np_server_opts *opts,
                  struct npx_slot *slot_out, struct npx_meta *meta_out);

/* Enter LISTENING: a fresh socket with room for one client is bound, listening
 * and published under the slot's name, with the next turn. Kept by npx_fd_keep,
 * non-blocking. */
int npx_slot_listen(struct npx_slot *slot, int *listener_out);

/* A slot more, of a pipe without a limit of instances, beside one that is held.
 * Its quotas are the same. */
bool npx_slot_beside(const struct npx_slot *slot, struct npx_slot *beside_out);

/* The slot's socket, which had a client, listens for the next: with a new turn.
 */
bool npx_slot_announce(struct npx_slot *slot);

/* A client has taken the listener; note it for those who look. */
void npx_slot_taken(struct npx_slot *slot);

/* Give the slot back; the last one removes the name. Safe on a slot that is all
 * -1. Never blocks for long. */
void npx_slot_release(struct npx_slot *slot);

/* Instances of the pipe now (slots locked), through any slot's or view's
 * meta_fd; `most` if there are more. */
unsigned npx_count(int meta_fd, unsigned most);

/* A name as a client sees it. */
struct npx_view {
    int dir_fd, meta_fd;
    struct npx_meta meta;
};

/* NP_FILE_NOT_FOUND, NP_REVISION_MISMATCH, NP_ACCESS_DENIED. */
int npx_view_open(const struct npi_name *name, struct npx_view *view_out);
void npx_view_close(struct npx_view *view);

/* A connection to an instance: kept, non-blocking, CLOEXEC. */
struct npx_claim {
    int sock;
    uint32_t quotas[2]; /* in, out of the instance */
    uint32_t pid, uid;  /* of its server, see npx_peer_check */
};

/* Connect to the instance that has listened longest; the server's user has been
 * checked and nothing sent. NP_FILE_NOT_FOUND (no instance at all),
 * NP_PIPE_BUSY, NP_SERVER_NOT_TRUSTED, NP_NO_SYSTEM_RESOURCES. */
int npx_view_claim(const struct npx_view *view, struct npx_claim *claim_out);

/* NP_OK an instance listens, NP_PIPE_BUSY none does, NP_FILE_NOT_FOUND. A hint:
 * connects to nothing. */
int npx_view_listening(const struct npx_view *view);

/* Whether the user of a connected socket's other side is ours:
 * NP_SERVER_NOT_TRUSTED if not. pid 0: unknown. */
int npx_peer_check(int sock, uint32_t *pid_out, uint32_t *uid_out);

/* The runtime directory, opened and checked: NP_ACCESS_DENIED with a detail
 * when it is not ours alone; with make, created if missing, else
 * NP_FILE_NOT_FOUND. */
int npx_base_open(bool make, int *fd_out);

#endif
