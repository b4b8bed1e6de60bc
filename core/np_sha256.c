/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Written for short inputs that are all there: no streaming. */

#include "np_sha256.h"

#include <stdint.h>
#include <string.h>

/* The first 32 bits of the fractional parts of the cube roots of the first 64
 * primes. */
static const uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
    0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
    0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
    0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
    0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
    0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
    0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/* The same of the square roots of the first 8. */
static const uint32_t initial_state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372,
                                          0xa54ff53a, 0x510e527f, 0x9b05688c,
                                          0x1f83d9ab, 0x5be0cd19};

static uint32_t turn_right(uint32_t x, unsigned by)
{
    return x >> by | x << (32 - by);
}

/* The block's 16 words, spread to 64. */
static void spread(const unsigned char block[64], uint32_t w[64])
{
    for (unsigned i = 0; i < 16; i++) {
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
               (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    }
    for (unsigned i = 16; i < 64; i++) {
        uint32_t a = w[i - 15], b = w[i - 2];
        uint32_t s0 = turn_right(a, 7) ^ turn_right(a, 18) ^ a >> 3;
        uint32_t s1 = turn_right(b, 17) ^ turn_right(b, 19) ^ b >> 10;
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
}

static void compress(uint32_t state[8], const unsigned char block[64])
{
    uint32_t w[64];
    uint32_t v[8]; /* the standard's a ... h */
    spread(block, w);
    memcpy(v, state, sizeof v);
    for (unsigned i = 0; i < 64; i++) {
        uint32_t s1 = turn_right(v[4], 6) ^ turn_right(v[4], 11) ^
                      turn_right(v[4], 25);
        uint32_t choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
        uint32_t t1 = v[7] + s1 + choice + round_constants[i] + w[i];
        uint32_t s0 = turn_right(v[0], 2) ^ turn_right(v[0], 13) ^
                      turn_right(v[0], 22);
        uint32_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
        memmove(v + 1, v, 7 * sizeof v[0]);
        v[4] += t1;
        v[0] = t1 + s0 + majority;
    }
    for (unsigned i = 0; i < 8; i++) {
        state[i] += v[i];
    }
}

/* The last block or two: what is left of the data, a one bit, zeros, and the
 * length in bits. */
static void finish(uint32_t state[8], const unsigned char *rest, size_t n,
                   uint64_t bits)
{
    unsigned char blocks[128] = {0};
    size_t end = n < 56 ? 64 : 128;
    memcpy(blocks, rest, n);
    blocks[n] = 0x80;
    for (unsigned i = 0; i < 8; i++) {
        blocks[end - 1 - i] = (unsigned char)(bits >> (8 * i));
    }
    for (size_t at = 0; at < end; at += 64) {
        compress(state, blocks + at);
    }
}

void npi_sha256_hex(const void *data, size_t n, char hex_out[NPI_SHA256_HEX])
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *bytes = data;
    uint32_t state[8];
    size_t at = 0;
    memcpy(state, initial_state, sizeof state);
    for (; n - at >= 64; at += 64) {
        compress(state, bytes + at);
    }
    finish(state, bytes + at, n - at, (uint64_t)n * 8);
    for (unsigned i = 0; i < 64; i++) {
        hex_out[i] = digits[state[i / 8] >> (28 - 4 * (i % 8)) & 15];
    }
    hex_out[64] = '\0';
}
