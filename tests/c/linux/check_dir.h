/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

#ifndef CHECK_DIR_H
#define CHECK_DIR_H

#include <stdio.h>
#include <stdlib.h>

static char check_path[64];

static inline void check_dir_remove(void)
{
    char command[96];

    snprintf(command, sizeof command, "rm -rf '%s'", check_path);
    if (system(command) != 0) {
        fprintf(stderr, "%s is left behind\n", check_path);
    }
}

/* Give this process a runtime directory of its own; removed at exit. */
static inline const char *check_dir(void)
{
    snprintf(check_path, sizeof check_path, "/tmp/np-check-XXXXXX");
    if (!mkdtemp(check_path) || setenv("NAMEDPIPE_DIR", check_path, 1)) {
        abort();
    }
    atexit(check_dir_remove);
    return check_path;
}

#endif
