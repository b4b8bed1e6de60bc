/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* A client that never waits for data: it sends its messages at once and looks
 * for the replies now and then, as a program with other things to do would.
 *
 *     peek_loop MESSAGE... */

#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIPE_NAME TEXT("\\\\.\\pipe\\np_example")

static int complain(const char *call)
{
    fprintf(stderr, "%s: error %lu\n", call, (unsigned long)GetLastError());
    return EXIT_FAILURE;
}

/* Read the first message, whose length the peek has told. */
static int take(HANDLE pipe, DWORD size)
{
    DWORD bytes = 0;
    char *message = malloc(size + 1);

    if (message == NULL || !ReadFile(pipe, message, size, &bytes, NULL)) {
        free(message);
        return complain("ReadFile");
    }
    printf("%.*s\n", (int)bytes, message);
    free(message);
    return EXIT_SUCCESS;
}

static int collect(HANDLE pipe, int replies)
{
    while (replies > 0) {
        char start[4];
        DWORD copied = 0, available = 0, left = 0;

        if (!PeekNamedPipe(pipe, start, sizeof start, &copied, &available,
                           &left)) {
            return complain("PeekNamedPipe");
        }
        if (available == 0) {
            Sleep(1);
            continue;
        }
        if (take(pipe, copied + left) != EXIT_SUCCESS) {
            return EXIT_FAILURE;
        }
        replies--;
    }
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    DWORD mode = PIPE_READMODE_MESSAGE;
    int status = EXIT_SUCCESS;
    int i;
    HANDLE pipe = CreateFile(PIPE_NAME, GENERIC_READ | GENERIC_WRITE, 0, NULL,
                             OPEN_EXISTING, 0, NULL);

    if (pipe == INVALID_HANDLE_VALUE) {
        return complain("CreateFile");
    }
    if (!SetNamedPipeHandleState(pipe, &mode, NULL, NULL)) {
        status = complain("SetNamedPipeHandleState");
    }
    for (i = 1; i < argc && status == EXIT_SUCCESS; i++) {
        DWORD put = 0;
        if (!WriteFile(pipe, argv[i], (DWORD)strlen(argv[i]), &put, NULL)) {
            status = complain("WriteFile");
        }
    }
    if (status == EXIT_SUCCESS) {
        status = collect(pipe, argc - 1);
    }
    CloseHandle(pipe);
    return status;
}
