/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

#include "args.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct handle handles[MAX_HANDLES];
uint32_t handle_count;

void *allocate(size_t n)
{
    void *p = malloc(n ? n : 1);

    if (!p) {
        abort();
    }
    return p;
}

char *next_token(char **rest)
{
    char *token = *rest;
    char *space;

    if (!token) {
        return NULL;
    }
    space = strchr(token, ' ');
    if (space) {
        *space++ = '\0';
    }
    *rest = space;
    return token;
}

static const struct word {
    char letter;
    const char *text;
    uint32_t value;
} words[] = {
    {'m', "default", NP_MODE_DEFAULT},
    {'m', "byte", NP_BYTE},
    {'m', "message", NP_MESSAGE},
    {'a', "in", NP_INBOUND},
    {'a', "out", NP_OUTBOUND},
    {'a', "duplex", NP_DUPLEX},
    {'c', "r", NP_READ},
    {'c', "w", NP_WRITE},
    {'c', "rw", NP_READ | NP_WRITE},
    {'c', "none", 0},
    {'w', "instance", NP_WAIT_INSTANCE},
    {'w', "server", NP_WAIT_SERVER},
    {'t', "inf", NP_INFINITE},
    {'t', "default", NP_USE_DEFAULT},
};

static int parse_word(char letter, struct arg *arg)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (words[i].letter == letter &&
            strcmp(words[i].text, arg->text) == 0) {
            arg->num = words[i].value;
            return NP_OK;
        }
    }
    return USAGE;
}

static int parse_number(struct arg *arg)
{
    char *end;
    unsigned long long value = strtoull(arg->text, &end, 10);

    if (!isdigit((unsigned char)*arg->text) || *end || value > UINT32_MAX) {
        return USAGE;
    }
    arg->num = (uint32_t)value;
    return NP_OK;
}

static int nibble(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int parse_hex(struct arg *arg)
{
    size_t n = strlen(arg->text);

    if (strcmp(arg->text, "-") == 0) {
        n = 0;
    }
    if (n % 2) {
        return USAGE;
    }
    arg->size = n / 2;
    arg->data = allocate(arg->size);
    for (size_t i = 0; i < arg->size; i++) {
        int high = nibble(arg->text[2 * i]);
        int low = nibble(arg->text[2 * i + 1]);

        if (high < 0 || low < 0) {
            return USAGE;
        }
        arg->data[i] = (unsigned char)(high << 4 | low);
    }
    return NP_OK;
}

static int parse_handle(char letter, struct arg *arg)
{
    const struct handle *handle;

    if (parse_number(arg) || arg->num >= handle_count) {
        return USAGE;
    }
    handle = &handles[arg->num];
    if (!handle->pipe && !handle->server) {
        return NP_INVALID_HANDLE;
    }
    if ((letter == 'h' && !handle->pipe) ||
        (letter == 'v' && !handle->server)) {
        return USAGE;
    }
    return NP_OK;
}

int parse_arg(char letter, struct arg *arg)
{
    switch (letter) {
    case 's': return NP_OK;
    case 'u': return parse_number(arg);
    case 't': return parse_word(letter, arg) ? parse_number(arg) : NP_OK;
    case 'x': return parse_hex(arg);
    case 'h':
    case 'v':
    case 'b': return parse_handle(letter, arg);
    default: return parse_word(letter, arg);
    }
}
