/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The C client of the demo: client PIPE */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "namedpipe.h"

#define COUNT 200
#define LARGEST (1u << 20)
#define IN_PARTS 7
#define PATIENCE_MS 20000

static const size_t sizes[] = {0,   1,    13,   64,    127,   239,
                               240, 1000, 4096, 65535, 65536, 65537};
static unsigned char block[LARGEST + COUNT];
static unsigned char back[LARGEST];

static void say(const char *text)
{
    puts(text);
    fflush(stdout);
}

/* End with what went wrong, unless nothing did. */
static void must(const char *what, int error)
{
    if (error) {
        fprintf(stderr, "%s: %s (%s)\n", what, np_strerror(error),
                np_error_detail());
        exit(1);
    }
}

static void fill_block(void)
{
    uint64_t x = 3;

    for (size_t i = 0; i < sizeof block; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        block[i] = (unsigned char)x;
    }
}

/* CRC-32 as zlib has it. */
static uint32_t crc32(const unsigned char *data, size_t n, uint32_t crc)
{
    crc = ~crc;
    for (size_t i = 0; i < n; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
        }
    }
    return ~crc;
}

/* A buffer that is too small gets a part, and hears that there is more. */
static size_t receive_in_parts(np_pipe *pipe)
{
    char line[80];
    size_t part = 0;
    size_t rest = 0;
    int error = np_read(pipe, back, 4, &part, PATIENCE_MS);

    if (error != NP_MORE_DATA || part != 4) {
        must("4 bytes of a longer message", error ? error : NP_BAD_PIPE);
    }
    must("the rest of the message",
         np_read(pipe, back + part, sizeof back - part, &rest, PATIENCE_MS));
    snprintf(line, sizeof line,
             "read one message as %zu bytes, more to come, and %zu bytes", part,
             rest);
    say(line);
    return part + rest;
}

static size_t receive(np_pipe *pipe)
{
    size_t got = 0;

    must("np_read", np_read(pipe, back, sizeof back, &got, PATIENCE_MS));
    return got;
}

/* Send messages, compare what comes back; the tally the server must have. */
static void exchange(np_pipe *pipe, char *tally, size_t size)
{
    uint32_t crc = 0;
    size_t total = 0;
    size_t put;

    for (unsigned i = 0; i < COUNT; i++) {
        size_t n = sizes[i % (sizeof sizes / sizeof *sizes)];
        if (i % 50 == 49) {
            n = LARGEST;
        }
        must("np_write", np_write(pipe, block + i, n, &put, PATIENCE_MS));
        size_t got = i == IN_PARTS ? receive_in_parts(pipe) : receive(pipe);
        if (got != n || memcmp(back, block + i, n) != 0) {
            fprintf(stderr, "message %u came back changed\n", i);
            exit(1);
        }
        total += n;
        crc = crc32(block + i, n, crc);
    }
    snprintf(tally, size, "%d %zu %08" PRIx32, COUNT, total, crc);
}

static np_pipe *enter(const char *name)
{
    np_client_opts opts = NP_CLIENT_OPTS_INIT;
    np_pipe *pipe = NULL;
    np_peer peer;
    size_t put;

    opts.wait = NP_WAIT_SERVER;
    must(name, np_connect(name, &opts, &pipe, PATIENCE_MS));
    must("np_get_peer", np_get_peer(pipe, &peer));
    printf("connected to process %" PRIu32 "\n", peer.pid);
    must("np_write", np_write(pipe, "c", 1, &put, PATIENCE_MS));
    return pipe;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "demo";
    np_pipe *pipe = enter(name);
    char tally[64];
    char answer[64] = "";
    size_t got = 0;

    fill_block();
    exchange(pipe, tally, sizeof tally);
    np_close(pipe);
    printf("sent %d messages of 0 bytes to 1 MiB, all came back unchanged\n",
           COUNT);
    must("np_call",
         np_call(name, "?c", 2, answer, sizeof answer - 1, &got, PATIENCE_MS));
    answer[got] = '\0';
    if (strcmp(answer, tally) != 0) {
        fprintf(stderr, "the server has seen %s, sent was %s\n", answer, tally);
        return 1;
    }
    printf("tally %s\n", tally);
    return 0;
}
