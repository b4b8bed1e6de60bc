/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* What a user of the installed library writes: headers and library agree. */

#include <namedpipe.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    printf("%s: %s\n", np_version(), np_strerror(NP_PIPE_BUSY));
    return strcmp(np_version(), NP_VERSION) != 0;
}
