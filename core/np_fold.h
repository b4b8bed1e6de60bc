/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The upper-case form of a UTF-16 unit, which decides whether two names are
 * one. */

#ifndef NP_FOLD_H
#define NP_FOLD_H

#include <stddef.h>
#include <stdint.h>

uint16_t npi_upper(uint16_t unit);

#endif
