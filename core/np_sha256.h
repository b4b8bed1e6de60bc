/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* SHA-256 (FIPS 180-4), for names too long to be file names: two of them must
 * not meet in one file even if somebody tries. */

#ifndef NP_SHA256_H
#define NP_SHA256_H

#include <stddef.h>

/* 64 lower-case hexadecimal digits and a NUL. */
#define NPI_SHA256_HEX 65

void npi_sha256_hex(const void *data, size_t n, char hex_out[NPI_SHA256_HEX]);

#endif
