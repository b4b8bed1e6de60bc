/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* What every C test is written with:
 *
 *     static void empty_message_is_a_message(void) { CHECK_EQ(got, 0); }
 *     int main(void) { RUN(empty_message_is_a_message); return check_done(); }
 *
 * A failed check is reported and the test goes on; check_done() gives the exit
 * status. Forked children leave by _exit. */

#ifndef CHECK_H
#define CHECK_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check_dir.h" /* of the system */

static const char *check_test = "main"; /* the name of the test that runs */
static int check_failures;              /* all, and those of this test */
static int check_before;

static inline void check_note(const char *file, int line, const char *text)
{
    (void)check_before; /* a program may be all skips */
    check_failures++;
    fprintf(stderr, "%s:%d: %s: %s\n", file, line, check_test, text);
}

static inline void check_eq(const char *file, int line, const char *text,
                            intmax_t got, intmax_t want)
{
    char note[256];

    if (got == want) {
        return;
    }
    snprintf(note, sizeof note, "%s: got %jd (0x%jx), want %jd", text, got,
             (uintmax_t)got, want);
    check_note(file, line, note);
}

#define CHECK(cond) ((cond) ? (void)0 : check_note(__FILE__, __LINE__, #cond))
/* Integers of any type; the first is what the code gave. */
#define CHECK_EQ(got, want)                                                    \
    check_eq(__FILE__, __LINE__, #got " == " #want, (intmax_t)(got),           \
             (intmax_t)(want))
#define CHECK_MEM(got, want, n) CHECK(memcmp((got), (want), (n)) == 0)
#define check_done() (check_failures ? 1 : 0)

#define RUN(test)                                                              \
    (check_test = #test, check_before = check_failures, test(),                \
     printf("%s %s\n", check_failures == check_before ? "ok" : "not ok",       \
            #test),                                                            \
     (void)fflush(stdout))

#endif
