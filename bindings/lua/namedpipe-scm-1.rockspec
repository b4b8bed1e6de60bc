-- SPDX-License-Identifier: MIT
-- SPDX-FileCopyrightText: the namedpipe authors

-- From the root of the repository:
--     luarocks --lua-version 5.4 make bindings/lua/namedpipe-scm-1.rockspec

rockspec_format = "3.0"
package = "namedpipe"
version = "scm-1"
source = {
  -- `luarocks make` builds the checkout it is run in and fetches nothing.
  url = "git+file://.",
}
description = {
  summary = "Windows named pipes with the same meaning on Linux",
  detailed = [[
Byte and message pipes with instances, peek, transact, flush and disconnect as
Windows has them, on Linux over shared memory. io conventions, time-outs on
every call, <close>, select and descriptors for event loops.]],
  license = "MIT",
  labels = {"ipc", "pipe", "windows", "linux"},
}
supported_platforms = {"linux"}
dependencies = {"lua >= 5.4, < 5.6"}
build = {
  type = "builtin",
  modules = {
    namedpipe = {
      sources = {
        "bindings/lua/lnamedpipe.c",
        "bindings/lua/loption.c",
        "bindings/lua/lpipe.c",
        "bindings/lua/lresult.c",
        "bindings/lua/lserver.c",
        "bindings/lua/lstate.c",
        "bindings/lua/lstream.c",
        "core/np_api.c",
        "core/np_client.c",
        "core/np_error.c",
        "core/np_fault.c",
        "core/np_fold.c",
        "core/np_handle.c",
        "core/np_name.c",
        "core/np_select.c",
        "core/np_server.c",
        "core/np_sha256.c",
        "core/np_time.c",
        "core/pipe/npi_claim.c",
        "core/pipe/npi_get.c",
        "core/pipe/npi_peek.c",
        "core/pipe/npi_put.c",
        "core/pipe/npi_reader.c",
        "core/pipe/npi_state.c",
        "core/linux/npx_base.c",
        "core/linux/npx_claim.c",
        "core/linux/npx_clock.c",
        "core/linux/npx_fork.c",
        "core/linux/npx_hello.c",
        "core/linux/npx_kept.c",
        "core/linux/npx_link.c",
        "core/linux/npx_look.c",
        "core/linux/npx_meta.c",
        "core/linux/npx_names.c",
        "core/linux/npx_next.c",
        "core/linux/npx_op.c",
        "core/linux/npx_open.c",
        "core/linux/npx_pipe.c",
        "core/linux/npx_query.c",
        "core/linux/npx_registry.c",
        "core/linux/npx_select.c",
        "core/linux/npx_set.c",
        "core/linux/npx_socket.c",
        "core/linux/npx_short.c",
        "core/linux/npx_spin.c",
        "core/linux/npx_wait.c",
        "core/linux/npx_watch.c",
      },
      incdirs = {"core", "core/include"},
      defines = {"_GNU_SOURCE", "NDEBUG"},
      libraries = {"pthread"},
    },
  },
  copy_directories = {},
}
