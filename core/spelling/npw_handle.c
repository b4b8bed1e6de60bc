/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The table behind HANDLE.
 *
 * A handle is a number: its slot in the table, and a count of how often the
 * slot was used, so that a handle that was closed is refused although its slot
 * has a new tenant. It fits 32 bits and its low two are 0, as on Windows:
 * programs store handles in a DWORD, and mark them in the low bit.
 *
 * After fork() the child has the table and none of the threads. What was made
 * before answers ERROR_INVALID_HANDLE there, as the core's handles do. */

#include <stdlib.h>

#include "npw.h"

#define SLOT_BITS 20
#define USE_MASK 0x3FFu
#define NO_SLOT UINT32_MAX

pthread_mutex_t npw_lock = PTHREAD_MUTEX_INITIALIZER;

/* All below under npw_lock. */
static struct slot {
    struct npw_object *object; /* NULL: free */
    uint32_t uses;
    uint32_t next_free;
} * slots;
static uint32_t slot_count, slot_room;
static uint32_t first_free = NO_SLOT;
static unsigned generation;

/* --------------------------------------------------------------------- fork */

static pthread_once_t fork_once = PTHREAD_ONCE_INIT;

static void before_fork(void)
{
    pthread_mutex_lock(&npw_lock);
}

static void in_parent(void)
{
    pthread_mutex_unlock(&npw_lock);
}

static void in_child(void)
{
    generation++;
    npw_ops_forget();
    npw_workers_forget();
    npw_waiters_forget();
    pthread_mutex_unlock(&npw_lock);
}

static void watch_forks(void)
{
    pthread_atfork(before_fork, in_parent, in_child);
}

/* ------------------------------------------------------------------ objects */

void npw_object_init(struct npw_object *object, enum npw_kind kind)
{
    pthread_once(&fork_once, watch_forks);
    pthread_mutex_lock(&npw_lock);
    *object = (struct npw_object){
        .kind = kind, .owners = 1, .generation = generation};
    pthread_mutex_unlock(&npw_lock);
}

void npw_let_go(struct npw_object *object)
{
    if (!object) {
        return;
    }
    pthread_mutex_lock(&npw_lock);
    bool last = --object->owners == 0;
    pthread_mutex_unlock(&npw_lock);
    if (!last) {
        return;
    }
    if (object->kind == NPW_PIPE) {
        npw_pipe_free((struct npw_pipe *)object);
    } else {
        free(object);
    }
}

/* -------------------------------------------------------------------- slots */

/* A free slot, or NO_SLOT. */
static uint32_t take_slot(void)
{
    uint32_t slot = first_free;
    if (slot != NO_SLOT) {
        first_free = slots[slot].next_free;
        return slot;
    }
    if (slot_count == slot_room) {
        uint32_t room = slot_room ? 2 * slot_room : 64;
        struct slot *more = NULL;
        if (room < 1u << SLOT_BITS) {
            more = realloc(slots, room * sizeof *slots);
        }
        if (!more) {
            return NO_SLOT;
        }
        slots = more;
        slot_room = room;
    }
    slots[slot_count] = (struct slot){.uses = 0};
    return slot_count++;
}

static HANDLE handle_of(uint32_t slot)
{
    uintptr_t number = (uintptr_t)(slots[slot].uses & USE_MASK) << SLOT_BITS;
    /* NULL is no handle, so numbers begin with 4. */
    return (HANDLE)((number + slot + 1) << 2);
}

/* The slot of a handle that is open, or NO_SLOT. */
static uint32_t slot_of(HANDLE handle)
{
    uintptr_t number = (uintptr_t)handle >> 2;
    uint32_t slot = (uint32_t)(number & ((1u << SLOT_BITS) - 1)) - 1;
    bool open = slot < slot_count && slots[slot].object &&
                handle_of(slot) == handle &&
                slots[slot].object->generation == generation;
    return open ? slot : NO_SLOT;
}

HANDLE npw_handle_new(struct npw_object *object)
{
    HANDLE handle = NULL;
    pthread_mutex_lock(&npw_lock);
    uint32_t slot = take_slot();
    if (slot != NO_SLOT) {
        slots[slot].object = object;
        handle = handle_of(slot);
    }
    pthread_mutex_unlock(&npw_lock);
    if (!handle) {
        npw_let_go(object);
        npw_fail(NP_NOT_ENOUGH_MEMORY);
    }
    return handle;
}

struct npw_object *npw_object_of(HANDLE handle, enum npw_kind kind)
{
    struct npw_object *object = NULL;
    pthread_mutex_lock(&npw_lock);
    uint32_t slot = slot_of(handle);
    if (slot != NO_SLOT &&
        (kind == NPW_ANY || slots[slot].object->kind == kind)) {
        object = slots[slot].object;
        object->owners++;
    }
    pthread_mutex_unlock(&npw_lock);
    if (!object) {
        npw_fail(NP_INVALID_HANDLE);
    }
    return object;
}

struct npw_pipe *npw_pipe_of(HANDLE handle)
{
    return (struct npw_pipe *)npw_object_of(handle, NPW_PIPE);
}

BOOL WINAPI CloseHandle(HANDLE handle)
{
    struct npw_object *object = NULL;
    pthread_mutex_lock(&npw_lock);
    uint32_t slot = slot_of(handle);
    if (slot != NO_SLOT) {
        object = slots[slot].object;
        slots[slot].object = NULL;
        slots[slot].uses++;
        slots[slot].next_free = first_free;
        first_free = slot;
    }
    pthread_mutex_unlock(&npw_lock);
    if (!object) {
        return npw_fail(NP_INVALID_HANDLE);
    }
    if (object->kind == NPW_PIPE) {
        npw_pipe_closed((struct npw_pipe *)object);
    }
    npw_let_go(object);
    return TRUE;
}
