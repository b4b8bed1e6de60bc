/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The words of one line: what each letter of a verb's signature stands for.
 *
 *     s  a name               u  a number            t  a time-out
 *     x  bytes                m  a mode              w  what connect waits for
 *     a  a server's access    c  a client's access
 *     h  a pipe               v  a server            b  either */

#ifndef ARGS_H
#define ARGS_H

#include <stddef.h>
#include <stdint.h>

#include "namedpipe.h"

#define MAX_ARGS 8
#define MAX_HANDLES 4096

struct arg {
    char *text;
    uint32_t num;
    unsigned char *data; /* to be freed */
    size_t size;
};

/* One of both is set while the handle is open. */
struct handle {
    np_pipe *pipe;
    np_server *server;
};

extern struct handle handles[MAX_HANDLES];
extern uint32_t handle_count;

/* Not an error of the library: the line makes no sense. */
enum { USAGE = -1 };

/* malloc that does not return without memory. */
void *allocate(size_t n);

/* Cut the next token off *rest, which becomes NULL behind the last one. */
char *next_token(char **rest);

/* Fill in arg from its text. NP_OK, USAGE, or NP_INVALID_HANDLE for a handle
 * that was closed. */
int parse_arg(char letter, struct arg *arg);

#endif
