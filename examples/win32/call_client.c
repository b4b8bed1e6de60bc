/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* A client of one call: it connects, sends, reads the reply and closes.
 *
 *     call_client [MESSAGE] */

#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIPE_NAME TEXT("\\\\.\\pipe\\np_example")

int main(int argc, char **argv)
{
    static char fallback[] = "hello";
    char *message = argc > 1 ? argv[1] : fallback;
    char reply[4096];
    DWORD bytes = 0;
    BOOL ok = CallNamedPipe(PIPE_NAME, message, (DWORD)strlen(message), reply,
                            sizeof reply, &bytes, NMPWAIT_USE_DEFAULT_WAIT);

    if (!ok && GetLastError() != ERROR_MORE_DATA) {
        fprintf(stderr, "CallNamedPipe: error %lu\n",
                (unsigned long)GetLastError());
        return EXIT_FAILURE;
    }
    printf("%.*s\n", (int)bytes, reply);
    if (!ok) {
        puts("(and more, which is lost)");
    }
    return EXIT_SUCCESS;
}
