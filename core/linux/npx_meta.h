/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* One name's directory and its meta file: layout, locks, collecting. What it
 * means is in the head of npx_registry.c. */

#ifndef NPX_META_H
#define NPX_META_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "linux/npx_registry.h"

/* -------------------------------------------------------- the file's layout */

/* Change anything in this section, or the table of np_fold.c, and NPX_FORMAT
 * must change with it. The locks must stay where they are in every version:
 * they tell whether a file of an unknown version is alive. */
#define NPX_MAGIC UINT64_C(0x524D455049504E0A) /* "\nNPIPEMR" */
#define NPX_FORMAT 1u

#define NPX_PATH_FIELD 776
#define NPX_TABLE_AT 1024

/* Written once, before the first slot is locked, under the name's lock. */
struct npx_header {
    uint64_t magic;
    uint32_t format;
    uint32_t reserved;
    struct npx_meta meta;
    char path[NPX_PATH_FIELD]; /* the display form, NUL to the end */
    uint64_t sum;              /* over all before */
};

/* One slot. Everything but `taken` is written by who holds the slot's lock. */
struct npx_record {
    uint64_t listen; /* turn of the last listen */
    uint64_t taken;  /* the last turn somebody found taken; also by clients */
    uint32_t quotas[2]; /* in, out */
    uint32_t pid;       /* of the last owner; 0: it has given the slot back */
    uint32_t reserved;
};

static_assert(sizeof(struct npx_meta) == 16, "layout of the header");
static_assert(offsetof(struct npx_header, path) == 32, "layout of the header");
static_assert(offsetof(struct npx_header, sum) == 808, "layout of the header");
static_assert(sizeof(struct npx_header) <= NPX_TABLE_AT, "header before table");
static_assert(NPI_PATH_SIZE <= NPX_PATH_FIELD, "a path fits");
static_assert(sizeof(struct npx_record) == 32, "layout of the table");

/* ------------------------------------------------------------------ opening */

/* Both NP_FILE_NOT_FOUND when there is none. */
int npx_name_open(int base_fd, const char *file, bool make, int *dir_out);
int npx_meta_open(int dir_fd, int flags, int *meta_out);
/* What npx_view_open does, only looking: it collects nothing, and closing it
 * again wakes nobody who waits. The header is not read. */
int npx_view_look(const struct npi_name *name, struct npx_view *view_out);
/* Whether it still is where others find it, and so is its directory. */
bool npx_is_linked(int meta_fd);

/* -------------------------------------------------------------------- locks */

/* 0, or EAGAIN when another description holds it, or another errno. */
int npx_slot_lock(int meta_fd, unsigned slot);
int npx_name_try_lock(int meta_fd);
/* Bounded: NP_SEM_TIMEOUT. */
int npx_name_lock(int meta_fd, npi_deadline deadline);
void npx_slot_unlock(int meta_fd, unsigned slot);
void npx_name_unlock(int meta_fd);

/* Held by anybody, also through meta_fd itself. */
bool npx_slot_held(int meta_fd, unsigned slot);
bool npx_any_held(int meta_fd);

/* ------------------------------------------------------------------ records */

/* NP_NO_SYSTEM_RESOURCES. */
int npx_header_write(int meta_fd, const struct npi_name *name,
                     const struct npx_meta *meta);
/* NP_REVISION_MISMATCH. name_out may be NULL. */
int npx_header_read(int meta_fd, struct npx_meta *meta_out,
                    struct npi_name *name_out);
/* Going through all records that were ever written. */
#define NPX_CHUNK 256
struct npx_table {
    int meta_fd;
    unsigned next;        /* slot of the one that comes next */
    unsigned first, have; /* what is in the chunk */
    bool more;            /* there may be more behind it */
    struct npx_record chunk[NPX_CHUNK];
};
void npx_table_open(struct npx_table *table, int meta_fd);
/* NULL behind the last one. */
const struct npx_record *npx_table_next(struct npx_table *table);
/* What was never written reads as zero. */
void npx_record_read(int meta_fd, unsigned slot, struct npx_record *record_out);
bool npx_record_write(int meta_fd, unsigned slot,
                      const struct npx_record *record);
bool npx_pid_write(int meta_fd, unsigned slot, uint32_t pid);
bool npx_turn_write(int meta_fd, unsigned slot, uint64_t turn);
void npx_taken_write(int meta_fd, unsigned slot, uint64_t turn);

/* --------------------------------------------------------------- collecting */

/* "i.<slot>" is the slot's socket, "t.<slot>" one on its way there. */
#define NPX_ENTRY_SIZE 8
void npx_entry(char entry_out[NPX_ENTRY_SIZE], char kind, unsigned slot);

/* Remove all sockets; the name's lock is held and no slot's. */
void npx_sweep(int dir_fd);

/* If no instance is left, remove the files and the directory. To be called
 * without the name's lock, and after each time it was let go. */
void npx_collect(int dir_fd, int meta_fd, const char *file);

#endif
