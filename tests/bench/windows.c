/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* What the library costs over Windows' own calls: round trips of one message
 * between two processes, by overlapped calls alone and by namedpipe, in turns.
 *
 *     windows.exe [BYTES [ROUNDS]]        64, 20000
 *
 * Prints nanoseconds a round trip, the median of the turns, and the ratio. For
 * run.py, which takes turns itself, only one of them:
 *
 *     windows.exe overlapped|namedpipe rt BYTES ROUNDS */

#ifndef _WIN32_WINNT
#define _WIN32_WINNT 0x0602
#endif
#define WIN32_LEAN_AND_MEAN 1
#include <windows.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "namedpipe.h"

#define TURNS 9
#define MOST 65536
#define WAIT_MS 20000

/* Whose turns there are: 'o', 'n', or 'b' for both. */
static char whose = 'b';
static DWORD size = 64;
static unsigned rounds = 20000;
static char buffer[MOST];

static void die(const char *what, DWORD error)
{
    fprintf(stderr, "%s: error %lu\n", what, error);
    ExitProcess(1);
}

/* ------------------------------------------------------- the system's calls */

struct raw {
    HANDLE file;
    OVERLAPPED read, write;
};

static void raw_end(struct raw *raw, OVERLAPPED *overlapped, BOOL done)
{
    DWORD n;
    if (!done && GetLastError() != ERROR_IO_PENDING) {
        die("raw", GetLastError());
    }
    if (!GetOverlappedResult(raw->file, overlapped, &n, TRUE) || n != size) {
        die("raw result", GetLastError());
    }
}

static void raw_send(struct raw *raw)
{
    raw_end(raw, &raw->write,
            WriteFile(raw->file, buffer, size, NULL, &raw->write));
}

static void raw_receive(struct raw *raw)
{
    raw_end(raw, &raw->read,
            ReadFile(raw->file, buffer, MOST, NULL, &raw->read));
}

static void raw_events(struct raw *raw)
{
    raw->read.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    raw->write.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
}

static void raw_serve(struct raw *raw, const char *name)
{
    raw_events(raw);
    raw->file = CreateNamedPipeA(
        name, PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED,
        PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE, 1, MOST, MOST, 0, NULL);
    if (raw->file == INVALID_HANDLE_VALUE) {
        die("CreateNamedPipe", GetLastError());
    }
}

static void raw_open(struct raw *raw, const char *name)
{
    DWORD mode = PIPE_READMODE_MESSAGE;
    raw_events(raw);
    raw->file = CreateFileA(name, GENERIC_READ | GENERIC_WRITE, 0, NULL,
                            OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
    if (raw->file == INVALID_HANDLE_VALUE ||
        !SetNamedPipeHandleState(raw->file, &mode, NULL, NULL)) {
        die("CreateFile", GetLastError());
    }
}

/* ------------------------------------------------------------ the library's */

static void check(const char *what, int code)
{
    if (code != NP_OK) {
        die(what, (DWORD)code);
    }
}

static void our_send(np_pipe *pipe)
{
    size_t put;
    check("np_write", np_write(pipe, buffer, size, &put, NP_INFINITE));
}

static void our_receive(np_pipe *pipe)
{
    size_t got;
    check("np_read", np_read(pipe, buffer, MOST, &got, NP_INFINITE));
}

static np_pipe *our_serve(const char *name)
{
    np_pipe *pipe;
    np_server_opts opts = NP_SERVER_OPTS_INIT;
    opts.mode = NP_MESSAGE;
    check("np_create", np_create(name, &opts, &pipe));
    return pipe;
}

static np_pipe *our_open(const char *name)
{
    np_pipe *pipe;
    check("np_connect", np_connect(name, NULL, &pipe, WAIT_MS));
    return pipe;
}

/* -------------------------------------------------------------- round trips */

static double now_ns(void)
{
    LARGE_INTEGER count, frequency;
    QueryPerformanceCounter(&count);
    QueryPerformanceFrequency(&frequency);
    return (double)count.QuadPart * 1e9 / (double)frequency.QuadPart;
}

static double turn_of(struct raw *raw, np_pipe *ours)
{
    double begun = now_ns();
    for (unsigned i = 0; i < rounds; i++) {
        if (raw) {
            raw_send(raw);
            raw_receive(raw);
        } else {
            our_send(ours);
            our_receive(ours);
        }
    }
    return (now_ns() - begun) / rounds;
}

/* The other process: it sends back what it gets, in the same turns. */
static void answer(struct raw *raw, np_pipe *ours)
{
    for (unsigned i = 0; i < rounds; i++) {
        if (raw) {
            raw_receive(raw);
            raw_send(raw);
        } else {
            our_receive(ours);
            our_send(ours);
        }
    }
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median(double *values)
{
    qsort(values, TURNS, sizeof *values, by_size);
    return values[TURNS / 2];
}

/* A few to warm up: the other end answers as many. */
static void measure_one(struct raw *raw, np_pipe *ours)
{
    turn_of(raw, ours);
    printf("{\"ns\": %.1f}\n", turn_of(raw, ours));
}

static void answer_one(struct raw *raw, np_pipe *ours)
{
    answer(raw, ours);
    answer(raw, ours);
}

static void measure(struct raw *raw, np_pipe *ours)
{
    double alone[TURNS], through[TURNS];
    for (int i = 0; i < TURNS; i++) {
        alone[i] = turn_of(raw, NULL);
        through[i] = turn_of(NULL, ours);
    }
    double a = median(alone), b = median(through);
    printf("%lu bytes: overlapped calls %.0f ns, namedpipe %.0f ns, "
           "ratio %.3f\n",
           size, a, b, b / a);
}

/* ---------------------------------------------------------------- processes */

static void name_of(char *name, size_t n, const char *what, DWORD process)
{
    snprintf(name, n, "\\\\.\\pipe\\bench-%s-%lu", what, process);
}

static void be_child(DWORD parent)
{
    char name[64];
    struct raw raw = {0};
    name_of(name, sizeof name, "raw", parent);
    raw_open(&raw, name);
    name_of(name, sizeof name, "ours", parent);
    np_pipe *ours = our_open(name);
    if (whose != 'b') {
        answer_one(whose == 'o' ? &raw : NULL, ours);
    }
    for (int i = 0; i < TURNS && whose == 'b'; i++) {
        answer(&raw, NULL);
        answer(NULL, ours);
    }
    np_close(ours);
}

static HANDLE start_child(void)
{
    char self[MAX_PATH], command[MAX_PATH + 64];
    STARTUPINFOA start = {.cb = sizeof start};
    PROCESS_INFORMATION made;
    GetModuleFileNameA(NULL, self, sizeof self);
    snprintf(command, sizeof command, "\"%s\" %c child %lu %u %lu", self, whose,
             size, rounds, GetCurrentProcessId());
    if (!CreateProcessA(NULL, command, NULL, NULL, FALSE, 0, NULL, NULL, &start,
                        &made)) {
        die("CreateProcess", GetLastError());
    }
    CloseHandle(made.hThread);
    return made.hProcess;
}

static void be_parent(void)
{
    char name[64];
    struct raw raw = {0};
    name_of(name, sizeof name, "raw", GetCurrentProcessId());
    raw_serve(&raw, name);
    name_of(name, sizeof name, "ours", GetCurrentProcessId());
    np_pipe *ours = our_serve(name);
    HANDLE child = start_child();
    int code = np_accept(ours, WAIT_MS); /* after it has opened the other */
    check("np_accept", code == NP_PIPE_CONNECTED ? NP_OK : code);
    if (whose == 'b') {
        measure(&raw, ours);
    } else {
        measure_one(whose == 'o' ? &raw : NULL, ours);
    }
    WaitForSingleObject(child, WAIT_MS);
    np_close(ours);
}

int main(int count, char **words)
{
    if (count > 4) {
        whose = words[1][0];
        words += 2;
        count -= 2;
    }
    size = count > 1 ? strtoul(words[1], NULL, 10) : size;
    rounds = count > 2 ? (unsigned)strtoul(words[2], NULL, 10) : rounds;
    if (size < 1 || size > MOST || rounds < 1 || !strchr("onb", whose)) {
        fprintf(stderr, "usage: windows.exe [BYTES [ROUNDS]]\n"
                        "       windows.exe WHOSE rt BYTES ROUNDS\n");
        return 2;
    }
    if (count > 3) {
        be_child(strtoul(words[3], NULL, 10));
    } else {
        be_parent();
    }
    return 0;
}
