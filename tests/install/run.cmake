# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

# Build and run tests/install the way a stranger would:
#   cmake -D way=find_package|add_subdirectory|pkg-config -D source=... -D ...
#         -P run.cmake

function(run)
    execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(REMOVE_RECURSE "${work}")
file(MAKE_DIRECTORY "${work}")
set(prefix "${work}/prefix")
set(consumer "${source}/tests/install")
set(arguments "")

if(way STREQUAL "add_subdirectory")
    list(APPEND arguments -D "NAMEDPIPE_SOURCE=${source}")
else()
    run("${CMAKE_COMMAND}" --install "${build}" --prefix "${prefix}")
    list(APPEND arguments -D "CMAKE_PREFIX_PATH=${prefix}")
endif()

if(way STREQUAL "pkg-config")
    file(GLOB_RECURSE pc "${prefix}/*/namedpipe.pc")
    cmake_path(GET pc PARENT_PATH pc_dir)
    set(ENV{PKG_CONFIG_PATH} "${pc_dir}")
    # The file names the prefix of configure time; the tree was laid down
    # elsewhere, as packagers do it.
    execute_process(
        COMMAND pkg-config "--define-variable=prefix=${prefix}"
                --cflags --libs namedpipe
        OUTPUT_VARIABLE flags OUTPUT_STRIP_TRAILING_WHITESPACE
        COMMAND_ERROR_IS_FATAL ANY)
    separate_arguments(flags UNIX_COMMAND "${flags}")
    cmake_path(GET pc_dir PARENT_PATH lib_dir)
    run("${compiler}" -o "${work}/main" "${consumer}/main.c" ${flags}
        "-Wl,-rpath,${lib_dir}")
    run("${work}/main")
else()
    run("${CMAKE_COMMAND}" -G "${generator}" -S "${consumer}"
        -B "${work}/build" -D "CMAKE_C_COMPILER=${compiler}" ${arguments})
    run("${CMAKE_COMMAND}" --build "${work}/build" --parallel 2)
    run("${CMAKE_CTEST_COMMAND}" --test-dir "${work}/build"
        --output-on-failure)
endif()
