/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The one place that states the version; setup.py, CMakeLists.txt and the
 * bindings read it from here. */

#ifndef NAMEDPIPE_VERSION_H
#define NAMEDPIPE_VERSION_H

#define NP_VERSION_MAJOR 0
#define NP_VERSION_MINOR 1
#define NP_VERSION_PATCH 0
#define NP_VERSION "0.1.0"

#endif
