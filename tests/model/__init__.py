# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""One name, several instances, random calls: the library against a model."""
